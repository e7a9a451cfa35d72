package cli_test

import (
	"context"
	"os"

	"github.com/manorgo/manor/cli"
)

func ExampleRun() {
	code := cli.Run(context.Background(), cli.Process{
		Args: []string{"manor", "version"}, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	if code != 0 {
		panic("the command failed")
	}
	// Output: manor 0.1.0
}
