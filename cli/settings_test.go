package cli

import (
	"bytes"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	filedriver "github.com/manorgo/manor/file/driver"
)

// configOf returns the config of a command line and an environment.
func configOf(args, env []string) (config, error) {
	p := &program{Process: Process{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}, env: map[string]string{}}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		p.env[name] = value
	}
	var c config
	var err error
	root := &cobra.Command{Use: "manor", RunE: func(*cobra.Command, []string) error {
		c, err = p.config()
		return nil
	}}
	p.addSettings(root)
	root.SetArgs(append([]string{}, args...))
	if rerr := root.Execute(); rerr != nil {
		return c, rerr
	}
	return c, err
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := configOf(nil, []string{"MANOR_ADDR=", "MANOR_SMTP_URL="}) // as if they were not set
	if err != nil {
		t.Fatal(err)
	}
	if c.addr != "127.0.0.1:8080" || c.database.String() != "sqlite:manor.db" || c.keyFile != "manor.key" ||
		c.publicURL != nil || !c.smtp.IsZero() || c.registration != "open" || !c.verify || c.opsAddr != "" ||
		c.trustedProxies != nil || c.logFormat != "text" || c.logLevel != 0 || c.title != "Manor" || c.mailFrom != "" {
		t.Errorf("the defaults are %+v", c)
	}
	if err := c.checkExposure(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

// TestPrecedence chooses the title in ever stronger ways.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "title")
	if err := os.WriteFile(file, []byte("From a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args, env []string
		want      string
	}{
		{nil, nil, "Manor"},
		{nil, []string{"MANOR_TITLE_FILE=" + file}, "From a file"},
		{nil, []string{"MANOR_TITLE=From the environment"}, "From the environment"},
		{[]string{"--title", "From a flag"}, []string{"MANOR_TITLE=From the environment"}, "From a flag"},
		{[]string{"--title", "From a flag"}, []string{"MANOR_TITLE_FILE=" + file}, "From a flag"},
	} {
		if c, err := configOf(tt.args, tt.env); err != nil || c.title != tt.want {
			t.Errorf("%v %v: the title is %q, want %q (%v)", tt.args, tt.env, c.title, tt.want, err)
		}
	}
	if _, err := configOf(nil, []string{"MANOR_TITLE=a", "MANOR_TITLE_FILE=" + file}); err == nil {
		t.Error("a variable and its file are accepted together")
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		setting string
		ok      bool
	}{
		{"ADDR=0.0.0.0:80", true},
		{"ADDR=[::1]:0", true},
		{"ADDR=localhost", false},
		{"ADDR=localhost:http", false},
		{"ADDR=localhost:65536", false},
		{"DATABASE_URL=sqlite:/var/lib/manor.db", true},
		{"DATABASE_URL=sqlite:///var/lib/manor.db", true},
		{"DATABASE_URL=sqlite://manor.db", false},
		{"DATABASE_URL=sqlite::memory:", false},
		{"DATABASE_URL=sqlite:", false},
		{"DATABASE_URL=postgresql://localhost/manor", true},
		{"DATABASE_URL=postgres://u:p%40ss@localhost/manor?sslmode=disable", true},
		{"DATABASE_URL=postgres://u:p@ss/w@localhost/manor?x=%zz", false},
		{"DATABASE_URL=manor.db", false},
		{"PUBLIC_URL=https://accounts.example.org", true},
		{"PUBLIC_URL=https://accounts.example.org:8443/", true},
		{"PUBLIC_URL=http://localhost:8080", true},
		{"PUBLIC_URL=http://[::1]:8080", true},
		{"PUBLIC_URL=http://accounts.example.org", false},
		{"PUBLIC_URL=http://localhost.example.org", false},
		{"PUBLIC_URL=https://user@accounts.example.org", false},
		{"PUBLIC_URL=https://accounts.example.org/path", false},
		{"PUBLIC_URL=https://accounts.example.org?q", false},
		{"PUBLIC_URL=accounts.example.org", false},
		{"PUBLIC_URL=https://:443", false},
		{"FILES_URL=file:uploads", true},
		{"FILES_URL=file:///var/lib/manor/files", true},
		{"FILES_URL=file://uploads", false},
		{"FILES_URL=file:", false},
		{"FILES_URL=uploads", false},
		{"FILES_URL=s3://id:s%2Fcret@shop/app?region=eu-central-1&endpoint=https://s3.example.org", true},
		{"FILES_URL=s3://shop", false},
		{"FILES_URL=s3://id:secret@shop?endpoint=s3.example.org", false},
		{"SMTP_URL=smtp://mail.example.org", true},
		{"SMTP_URL=smtps://u:p@mail.example.org:465", true},
		{"SMTP_URL=mail.example.org:25", false},
		{"SMTP_URL=smtp://u:p/w@mail.example.org", false},
		{"MAIL_FROM=Accounts <accounts@example.org>", true},
		{"MAIL_FROM=accounts", false},
		{"REGISTRATION=closed", true},
		{"REGISTRATION=Open", false},
		{"VERIFY=off", true},
		{"VERIFY=false", false},
		{"DELETION_GRACE=720h", true},
		{"DELETION_GRACE=30 days", false},
		{"DELETION_GRACE=1s", false},
		{"SESSION_IDLE=90m", true},
		{"SESSION_LIFE=14d", true},
		{"SESSION_LIFE=d", false},
		{"REMEMBER_IDLE=0", false},
		{"REMEMBER_LIFE=-1h", false},
		{"ACCESS_LIFE=15", false},
		{"ACCESS_TOKENS=jwt", true},
		{"ACCESS_TOKENS=JWT", false},
		{"API_KEY_PREFIX=acme", true},
		{"API_KEY_ENV=test", true},
		{"API_KEYS_PER_USER=3", true},
		{"API_KEYS_PER_USER=0", false},
		{"API_KEY_LIFE=90d", true},
		{"API_KEY_LIFE=soon", false},
		{"API_KEY_MAX_LIFE=none", true},
		{"API_KEY_MAX_LIFE=0", false},
		{"API_KEY_IDLE=30d", true},
		{"LOG=json", true},
		{"LOG=logfmt", false},
		{"LOG_LEVEL=debug", true},
		{"LOG_LEVEL=verbose", false},
		{"LOG_LEVEL=info+2", false},
		{"TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1,fd00::/8", true},
		{"TRUSTED_PROXIES=10.0.0.0/33", false},
		{"TRUSTED_PROXIES=10.0.0.1,", false},
		{"OPS_ADDR=off", true},
		{"OPS_ADDR=10.0.0.1:9090", true},
		{"OPS_ADDR=9090", false},
		{"TITLE=The shop", true},
		{"TITLE=The\nshop", false},
	} {
		name, _, _ := strings.Cut(tt.setting, "=")
		_, err := configOf(nil, []string{prefix + tt.setting})
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok %t", tt.setting, err, tt.ok)
		}
		if err != nil && !strings.HasPrefix(err.Error(), prefix+name+" ") {
			t.Errorf("%s: the complaint does not name the setting: %v", tt.setting, err)
		}
	}
}

func TestKeyFileStandsBesideTheDatabase(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"sqlite:/var/lib/manor/manor.db": "/var/lib/manor/manor.key",
		"sqlite:manor.db":                "manor.key",
		"postgres://localhost/manor":     "manor.key",
	} {
		if c, err := configOf([]string{"--database-url", database}, nil); err != nil || filepath.ToSlash(c.keyFile) != want {
			t.Errorf("%s: the key file is %s, want %s (%v)", database, c.keyFile, want, err)
		}
	}
}

// A folder of files is made by the first file, and stands beside the database.
func TestFilesStandBesideTheDatabase(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c, err := configOf([]string{"--database-url", "sqlite:" + filepath.Join(folder, "manor.db")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(folder, "files")
	if _, err := os.Stat(files); !os.IsNotExist(err) {
		t.Errorf("the folder is there already: %v", err)
	}
	if _, err := c.files.Put(t.Context(), "ab/c", strings.NewReader("x"), filedriver.PutOptions{Size: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(files, "ab", "c")); err != nil {
		t.Error(err)
	}
	if _, err := configOf([]string{"--files-url", "s3://id:secret@shop"}, nil); err == nil || strings.Contains(err.Error(), "secret@") {
		t.Errorf("a secret in a flag: %v", err)
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	c, err := configOf(nil, []string{"MANOR_TRUSTED_PROXIES=10.1.2.3/8,192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}
	if len(c.trustedProxies) != 2 || c.trustedProxies[0] != want[0] || c.trustedProxies[1] != want[1] {
		t.Errorf("the networks are %v, want %v", c.trustedProxies, want)
	}
}

func TestExposure(t *testing.T) {
	t.Parallel()
	public := &url.URL{Scheme: "https", Host: "accounts.example.org"}
	for _, tt := range []struct {
		c  config
		ok bool
	}{
		{config{addr: "127.0.0.1:80"}, true},
		{config{addr: "127.0.0.9:80"}, true},
		{config{addr: "[::1]:80"}, true},
		{config{addr: "localhost:80"}, true},
		{config{addr: ":80"}, false},
		{config{addr: "0.0.0.0:80"}, false},
		{config{addr: "[::]:80"}, false},
		{config{addr: "192.0.2.1:80"}, false},
		{config{addr: "accounts.example.org:80"}, false},
		{config{addr: "0.0.0.0:80", publicURL: public}, true},
	} {
		if err := tt.c.checkExposure(); (err == nil) != tt.ok {
			t.Errorf("%s with %v: %v, want ok %t", tt.c.addr, tt.c.publicURL, err, tt.ok)
		}
	}
}

func FuzzRedactURL(f *testing.F) {
	f.Add("hunter2")
	f.Add("p@ss/w?rd#")
	f.Add("%zz:\x00 ")
	f.Fuzz(func(t *testing.T, password string) {
		const mark = "s3cr3t" // whatever is around it
		password += mark
		for _, s := range []string{
			(&url.URL{Scheme: "postgres", User: url.UserPassword("u", password), Host: "h", Path: "/d"}).String(),
			"postgres://h/d?user=u&password=" + url.QueryEscape(password),
			"postgres://h/d?sslpassword=" + url.QueryEscape(password) + "&sslmode=disable",
		} {
			if got := redactURL(s); strings.Contains(got, mark) {
				t.Errorf("%q is shown as %q", s, got)
			}
			if !holdsPassword(s) {
				t.Errorf("%q seems to hold no password", s)
			}
		}
	})
}

func TestRedactKeepsTheRest(t *testing.T) {
	t.Parallel()
	const plain = "postgres://manor@db.example.org:5432/manor?sslmode=verify-full"
	if got := redactURL(plain); got != plain || holdsPassword(plain) {
		t.Errorf("%s is shown as %s", plain, got)
	}
}
