// Package secret keeps secrets secret: it hashes passwords, makes and checks
// tokens, derives keys from a master key, and has types for all of these that
// print [redacted] instead of themselves.
//
// A [Text] holds what somebody typed or configured. A [Hasher] turns a
// password into a [PasswordHash] behind a gate that bounds memory, and
// [CheckPassword] says whether a new password is good enough. A [Token] is a
// random credential that can be told from garbage without a database. A
// [Keyring] turns a token into the [Digest] that is stored in its place, and
// signs values that travel through strangers' hands. Its [Cipher] encrypts what
// is stored, bound to the place it is stored in.
//
// Secrets leave their types only through Reveal, or on the way into a
// database.
package secret
