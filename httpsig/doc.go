// Package httpsig signs HTTP messages and verifies them, so that a request
// proves who sent it without carrying a secret, cannot be changed on its way,
// and cannot be sent again.
//
// A [Signer] signs requests, a [Transport] all that a client sends, and a
// [Verifier] decides on a server whether to believe a request, in one order for
// both schemes:
//
//   - [RFC9421], HTTP Message Signatures, with hmac-sha256 or ed25519, and the
//     body's digest in Content-Digest (RFC 9530). Prefer it, and ed25519 within
//     it: the server then holds nothing worth stealing.
//   - [LSA1], an Authorization header with hmac-sha256, for clients that have it
//     already.
//
// One secret may serve both: what they sign cannot be mistaken for one another.
// The package keeps nothing: keys and used nonces are the caller's.
//
// # The profile
//
// RFC 9421 leaves to applications what a signature must cover. A Verifier looks
// at the one signature whose tag is "manor-request" ([DefaultTag]); others, such
// as those that proxies add, are left alone. It wants
//
//   - @method, and either @target-uri or all of @authority, @path and @query, to
//     be covered; content-digest, if there is a body (or Content-Digest is sent);
//     content-type, if it is sent;
//   - the parameters created, keyid, tag, and a nonce of 22 to 128 characters,
//     which are to hold 128 random bits or more; expires may be there, after
//     created and no later than the window allows; alg may be there, and must
//     be that of the key, which alone decides;
//   - created to be within five minutes of now;
//   - Content-Digest to have the right sha-256 or sha-512 of the body as it was
//     sent, and no wrong one.
//
// Refused are parameters that the RFC does not name; components that it does not
// have, that come twice, that the request lacks, or that have the parameters sf,
// bs, tr, key or req; two signatures with our tag or with one label; more than
// 8 KiB of Signature-Input and Signature, 32 components, or 16 KiB of path and
// query; bodies of more than 1 MiB.
//
// Paths and queries are signed as they travel, byte for byte, and hosts in lower
// case without a port that goes without saying.
//
// LSA1 signs the method, the path, the query with its parameters in order, the
// headers that it names (Host, X-Auth-Date and X-Auth-Nonce at least), and the
// body's SHA-256. A header that it names and the request lacks counts as empty.
//
// A [Message] signs and verifies by RFC 9421 without any profile.
package httpsig
