// Shopd is an example of Manor as a program of your own: the manor command with
// one domain more. It has all the commands that manor has.
//
//	go run ./examples/shopd serve
package main

import (
	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/examples/shop/products"
)

func main() { cli.Main(products.Domain) }
