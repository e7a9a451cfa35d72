// Package versitygw pins the S3 server that tests run, in a module of its own:
// nothing of it is in a program.
package versitygw
