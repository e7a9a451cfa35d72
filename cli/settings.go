package cli

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/sessions"
	filedriver "github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

// A config is what all settings say.
type config struct {
	addr           string
	database       location             // the main one
	databases      map[string]*location // those beside it that domains ask for
	publicURL      *url.URL             // nil while only this machine is served
	keyFile        string
	files          filedriver.Bucket
	folder         string // of files; "" if they are elsewhere
	smtp           secret.Text
	mailFrom       string
	replyTo        string
	templates      fs.FS // that replace the built-in mails; nil means none
	registration   accounts.Registration
	verify         bool
	refused        *secret.PasswordList // nil means no more than the common ones
	grace          time.Duration
	sessions       sessions.Config
	apiKeys        apikeys.Config
	title          string
	logFormat      string
	logLevel       slog.Level
	trustedProxies []netip.Prefix
	limits         limit.Config
	opsAddr        string // "" means none
	checkpoints    string // of the audit: a file, "log", or "" for nowhere
}

// A setting is one thing that the operator may choose. The variable is
// MANOR_NAME, or MANOR_NAME_FILE for a file that holds the value; the flag is
// the name in lower case with dashes.
type setting struct {
	name    string
	preset  string // what holds if nobody chooses; "" means that read is not called
	instead string // what help says of a default that is not a value
	usage   string
	read    func(c *config, s string) error // errors do not quote secrets
}

const prefix = "MANOR_"

func (s setting) variable() string { return prefix + s.name }
func (s setting) flag() string     { return strings.ToLower(strings.ReplaceAll(s.name, "_", "-")) }

// settings are all that this program has, in the order in which they are listed.
func (p *program) settings() []setting {
	if p.all == nil {
		p.databases = p.asked()
		p.all = append(settings(), namedSettings(p.databases)...)
	}
	return p.all
}

// settings are those of every program.
func settings() []setting {
	return []setting{
		{"ADDR", "127.0.0.1:8080", "", "`address` that the server listens on; others than loopback need MANOR_PUBLIC_URL", readAddr},
		{"DATABASE_URL", "sqlite:manor.db", "", "sqlite:`FILE` or postgres://user:password@host:5432/name", readDatabase},
		{"REPLICA_URLS", "", "none", "`URLs` of PostgreSQL servers that follow the database's, to read from, separated by spaces", readReplicas},
		{"PUBLIC_URL", "", "http://localhost and the port, on loopback", "`URL` where people reach the server, such as https://accounts.example.org", readPublicURL},
		{"KEY_FILE", "", "manor.key beside the SQLite database", "`file` with the master key, made at the first start", readKeyFile},
		{"FILES_URL", "", "files beside the SQLite database", "file:`FOLDER` for uploaded files, or s3://KEY-ID:SECRET@BUCKET/PREFIX?region=…&endpoint=…", readFiles},
		{"SMTP_URL", "", "none: mail is printed and kept", "`URL` of the server for mail, such as smtp://user:password@host:587", readSMTP},
		{"MAIL_FROM", "", "manor@ and the public host", "`address` that mail is from, if MANOR_SMTP_URL does not say", readMailFrom},
		{"MAIL_REPLY_TO", "", "none: answers go to the sender", "`address` that answers to mail go to", readReplyTo},
		{"TEMPLATES", "", "none", "`folder` with words of mails that replace the built-in ones, see mail templates", readTemplates},
		{"REGISTRATION", "open", "", "`who` may register: open, invite or closed", readRegistration},
		{"VERIFY", "on", "", "whether new e-mail addresses must be confirmed, `on or off`", readVerify},
		{"PASSWORD_LIST", "", "none beside the common ones that every program knows", "`file` of passwords that nobody may choose, made by passwords filter", readPasswordList},
		{"DELETION_GRACE", "720h", "", "`time` after which deleted accounts are erased", readGrace},
		{"SESSION_IDLE", "", "12h", "`time` after which a browser that is not used is signed out", readDuration(func(c *config) *time.Duration { return &c.sessions.Idle })},
		{"SESSION_LIFE", "", "24h", "`time` after which it is signed out, used or not", readDuration(func(c *config) *time.Duration { return &c.sessions.Life })},
		{"REMEMBER_IDLE", "", "14d", "SESSION_IDLE for browsers that are to be remembered, and for programs, a `time`", readDuration(func(c *config) *time.Duration { return &c.sessions.RememberIdle })},
		{"REMEMBER_LIFE", "", "30d", "SESSION_LIFE for the same, a `time`", readDuration(func(c *config) *time.Duration { return &c.sessions.RememberLife })},
		{"ACCESS_LIFE", "15m", "", "`time` after which an access token must be renewed", readDuration(func(c *config) *time.Duration { return &c.sessions.AccessLife })},
		{"ACCESS_TOKENS", "opaque", "", "`form` of access tokens: opaque, or jwt, which other services can read by /.well-known/jwks.json", readAccessTokens},
		{"API_KEY_PREFIX", "mnk", "", "`letters` that API keys begin with; those with others are of no use any more", func(c *config, s string) error { c.apiKeys.Prefix = s; return nil }},
		{"API_KEY_ENV", "live", "", "`word` that comes then, by which keys of a test are told from real ones", func(c *config, s string) error { c.apiKeys.Environment = s; return nil }},
		{"API_KEYS_PER_USER", "10", "", "how many active API keys a user may have, a `number`", readKeysPerUser},
		{"API_KEY_LIFE", "", "365d", "`time` after which an API key expires that does not say when", readDuration(func(c *config) *time.Duration { return &c.apiKeys.Life })},
		{"API_KEY_MAX_LIFE", "", "365d", "the longest `time` that may be asked for, or none", readKeyMaxLife},
		{"API_KEY_IDLE", "", "none", "`time`, in days, after which an API key ends that is not used", readDuration(func(c *config) *time.Duration { return &c.apiKeys.Idle })},
		{"TITLE", "Manor", "", "`name` of the service for people and in its API's description", readTitle},
		{"LOG", "text", "", "`format` of the log: text or json", readLog},
		{"LOG_LEVEL", "info", "", "`level` of the log: debug, info, warn or error", readLogLevel},
		{"TRUSTED_PROXIES", "", "none", "`networks` of proxies whose X-Forwarded-For is believed, separated by commas", readProxies},
		{"LIMITS", "on", "", "how often people may ask: `on, off` or a number that all rates are multiplied by", readLimits},
		{"AUDIT_CHECKPOINTS", "", "none", "where signed checkpoints of the audit are kept beside the database, `file:FILE` or log", readCheckpoints},
		{"OPS_ADDR", "off", "", "`address` for /metrics and profiles, which only operators should reach", readOpsAddr},
	}
}

// addSettings makes flags of the settings.
func (p *program) addSettings(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.SortFlags = false
	p.flags = map[string]*string{}
	for _, s := range p.settings() {
		preset := s.preset + s.instead
		p.flags[s.flag()] = flags.String(s.flag(), "", fmt.Sprintf("%s (%s; default %s)", s.usage, s.variable(), preset))
	}
	p.given = flags.Changed
}

// config reads all settings. What is wrong is a misuse that names every
// setting concerned; the rest of the config is good all the same.
func (p *program) config() (config, error) {
	settings := p.settings()
	c := config{databases: map[string]*location{}}
	for _, name := range p.databases {
		c.databases[name] = &location{}
	}
	wrong := checkNames(p.databases)
	for _, s := range settings {
		value, from, err := p.value(s)
		if err == nil && value != "" {
			err = s.read(&c, value)
		}
		if err != nil {
			wrong = append(wrong, from+" "+err.Error())
		}
	}
	if c.keyFile == "" {
		c.keyFile = c.database.beside("manor.key")
	}
	if c.files == nil {
		c.folder = c.database.beside("files")
		c.files = local.New(c.folder)
	}
	wrong = append(wrong, c.checkApart()...)
	if wrong != nil {
		return c, &misuse{wrong}
	}
	return c, nil
}

// value returns what is chosen for s, and where.
func (p *program) value(s setting) (value, from string, err error) {
	if p.given(s.flag()) {
		value, from = *p.flags[s.flag()], "--"+s.flag()
		if holdsPassword(value) || slices.ContainsFunc(strings.Fields(value), holdsPassword) {
			err = fmt.Errorf("holds a password, which every user of this machine could read: use %s or %s_FILE", s.variable(), s.variable())
		}
		return value, from, err
	}
	if value, from, err = p.lookup(s.name); value == "" && err == nil {
		return s.preset, s.variable(), nil
	}
	return value, from, err
}

// maxValueFile bounds what is read of a file that should hold one value.
const maxValueFile = 64 << 10

// lookup returns the value of a variable, or of the file that the variable with
// _FILE names, without the end of its last line. An empty variable is as good
// as none.
func (p *program) lookup(name string) (value, from string, err error) {
	variable := prefix + name
	value, file := p.env[variable], p.env[variable+"_FILE"]
	switch {
	case file == "":
		return value, variable, nil
	case value != "":
		return "", variable, fmt.Errorf("and %s_FILE are both set: choose one", variable)
	}
	variable += "_FILE"
	f, err := os.Open(file)
	if err != nil {
		return "", variable, fmt.Errorf("cannot be read: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxValueFile+1))
	switch {
	case err != nil:
		return "", variable, fmt.Errorf("cannot be read: %w", err)
	case len(b) > maxValueFile:
		return "", variable, fmt.Errorf("names a file of more than %d bytes", maxValueFile)
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 {
		return "", variable, fmt.Errorf("names an empty file")
	}
	return string(b), variable, nil
}

// passwordName is of a variable that is no setting: it is read by the commands
// that need a password.
const passwordName = "PASSWORD"

// unknown returns the variables that begin with MANOR_ and mean nothing, which
// are often misspelt. Those of tests are left alone.
func (p *program) unknown() []string {
	known := map[string]bool{prefix + passwordName: true, prefix + passwordName + "_FILE": true}
	known[prefix+moveTo], known[prefix+moveTo+"_FILE"] = true, true
	known[prefix+firebaseKey], known[prefix+firebaseKey+"_FILE"] = true, true
	for _, s := range p.settings() {
		known[s.variable()], known[s.variable()+"_FILE"] = true, true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.env)), func(name string) bool {
		return !strings.HasPrefix(name, prefix) || known[name] || strings.HasPrefix(name, prefix+"TEST_")
	})
}
