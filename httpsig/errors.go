package httpsig

import "github.com/manorgo/manor/fault"

// The codes of the errors that strangers see, all of them fault.Unauthenticated.
const (
	CodeInvalid = "API_KEY_SIGNATURE_INVALID"        // whatever else is wrong
	CodeSkew    = "API_KEY_SIGNATURE_TIMESTAMP_SKEW" // signed outside the window
	CodeReplay  = "API_KEY_SIGNATURE_NONCE_REPLAY"   // the nonce has been used
)

// Invalid returns the one error for every signature that is not accepted. The
// reason is for the log.
func Invalid(reason error) error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: CodeInvalid, Msg: "the request's signature is not valid", Err: reason}
}

func skewed(reason error) error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: CodeSkew, Msg: "the request was not signed just now, by the server's clock", Err: reason}
}

func replayed(reason error) error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: CodeReplay, Msg: "the signature's nonce has been used before", Err: reason}
}
