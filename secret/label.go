package secret

// A Label names one use of a key. Each label has its own key, derived from the
// master key, so that what is made for one use is worth nothing in another. A
// label once used must keep its text for ever; all are in this file.
type Label string

// The uses of keys.
const (
	LabelSession   Label = "digest/session"
	LabelAccess    Label = "digest/access"
	LabelRefresh   Label = "digest/refresh"
	LabelDevice    Label = "digest/device" // of where a session began
	LabelVerify    Label = "digest/verify"
	LabelReset     Label = "digest/reset"
	LabelInvite    Label = "digest/invite"
	LabelEmail     Label = "digest/email"
	LabelUndo      Label = "digest/undo"
	LabelReturn    Label = "digest/return"
	LabelBootstrap Label = "digest/bootstrap"
	LabelAPIKey    Label = "digest/apikey"
	LabelBrowser   Label = "digest/browser" // of data/session's cookies

	LabelBrowserData Label = "seal/browser" // what data/session keeps

	LabelCursor       Label = "sign/cursor"
	LabelDeviceCookie Label = "sign/device" // cookies of devices that signed in before
	LabelFile         Label = "sign/file"
	LabelAccessJWT    Label = "sign/jwt" // access tokens that other services read

	LabelColumn Label = "seal/column" // values of encrypted columns
	LabelCode   Label = "digest/code" // one-time codes

	LabelLimit Label = "digest/limit" // whom a limit counts

	LabelAudit      Label = "digest/audit"       // rows of the audit
	LabelAuditChain Label = "digest/audit-chain" // what ties each to the one before
	LabelCheckpoint Label = "attest/audit"       // how far the chain has come

	labelFingerprint Label = "fingerprint"
)
