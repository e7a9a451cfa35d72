// Package client is for programs that have Manor's API keys, and for services that
// are sent them.
//
// A [Transport] sends a key with every request; a key that signs is for
// [httpsig.Transport]. A [Guard] stands before a service of your own and asks Manor
// who is calling, at most once a second for each key.
package client
