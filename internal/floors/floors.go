// Package floors keeps imports pointing down: its test holds every package of the module to the floor that DESIGN.md gives it.
package floors
