// Command manor serves accounts and keys, and looks after their database. See
// manor help.
package main

import "github.com/manorgo/manor/cli"

func main() { cli.Main() }
