package secret

import "slices"

// Derive returns tokens that are made of another one, of a salt and of a key of
// the label's own, one under each version of the master key, the current one
// first: who has all three gets the same again, and who lacks one gets nothing.
// They are as random as the token. Tokens of other prefixes, and the label's
// digests, are made with other keys.
func (k *Keyring) Derive(l Label, p Prefix, from Token, salt []byte) []Token {
	out := make([]Token, len(k.masters))
	for v := range out {
		sum := mac(k.key(v, string(l)+"|derive|"+string(p)), slices.Concat([]byte(from.Reveal()), []byte{0}, salt))
		out[v] = makeToken(p, sum[:])
	}
	return out
}
