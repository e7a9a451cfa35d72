package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// keysPepper is of a variable that is no setting: what the other program made its
// digests with.
const keysPepper = "IMPORT_API_KEY_SECRET"

// maxImportLine bounds a line of a file of keys.
const maxImportLine = 1 << 20

func (p *program) importKeysCommand() *cobra.Command {
	c, f := withOutput(&cobra.Command{
		Use: "api-keys FILE", Short: "Take over API keys of other programs, which go on working", Args: cobra.ExactArgs(1),
		Long: "Take over API keys of other programs by the digests that those kept: their holders go on using them.\n" +
			"FILE has a line of JSON for each key, with user (an e-mail address, a username or an id), name and\n" +
			"  key_hash                           of keys pyorg_…: the SHA-256 in hexadecimal digits, or\n" +
			"  key_id, prefix_env, hashed_secret  of keys ak_ENVIRONMENT_ID.SECRET: its HMAC-SHA-256, made with\n" +
			"                                     the secret in MANOR_" + keysPepper + ",\n" +
			"and, if they are known, description, scopes, allowed_ips, created_at, last_used_at, expires_at, revoked_at\n" +
			"and is_active. Keys that are there stay as they are, so that it can be run again. Lines that cannot be\n" +
			"taken over are told, and the others are; then the command ends with 1.",
	})
	c.RunE = p.does(func(ctx context.Context, args []string) error {
		pepper, from, err := p.lookup(keysPepper)
		if err != nil {
			return misused("%s %s", from, err)
		}
		file, err := os.Open(args[0])
		if err != nil {
			return fault.Errorf(fault.NotFound, "%s cannot be opened", args[0])
		}
		defer file.Close() // it was only read
		return p.with(ctx, toUse, func(e *estate) error {
			done, err := p.importKeys(ctx, e, file, secret.NewText(pepper))
			if err != nil {
				return err
			}
			err = p.print(f, done, func(w io.Writer) {
				fmt.Fprintf(w, "%d\ttaken over\n%d\tthere already\n%d\trefused\n", done.Created, done.Present, done.Refused)
			})
			if err == nil && done.Refused > 0 {
				err = fault.Errorf(fault.Invalid, "%s could not be imported", plural(done.Refused, "line"))
			}
			return err
		})
	})
	return c
}

// importedKeys says what became of the lines of a file.
type importedKeys struct {
	Created int `json:"created"`
	Present int `json:"present"`
	Refused int `json:"refused"`
}

func (p *program) importKeys(ctx context.Context, e *estate, file io.Reader, pepper secret.Text) (done importedKeys, err error) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxImportLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		err := e.importKey(ctx, lines.Bytes(), pepper)
		switch fault.KindOf(err) {
		case "":
			done.Created++
		case fault.Conflict:
			done.Present++
		case fault.Invalid, fault.Malformed, fault.NotFound:
			done.Refused++
			p.complain(fmt.Sprintf("line %d: %s", n, message(err)))
		default:
			return done, err
		}
	}
	if err := lines.Err(); err != nil {
		return done, fault.Wrap(fault.Malformed, err, "the file cannot be read any further")
	}
	return done, nil
}

// A keyLine is a line of a file of keys.
type keyLine struct {
	User         string     `json:"user"`
	Name         string     `json:"name"`
	Description  string     `json:"description"`
	KeyHash      string     `json:"key_hash"`
	KeyID        string     `json:"key_id"`
	PrefixEnv    string     `json:"prefix_env"`
	HashedSecret string     `json:"hashed_secret"`
	Scopes       []string   `json:"scopes"`
	AllowedIPs   []string   `json:"allowed_ips"`
	CreatedAt    time.Time  `json:"created_at"`
	LastUsedAt   time.Time  `json:"last_used_at"`
	ExpiresAt    time.Time  `json:"expires_at"`
	RevokedAt    *time.Time `json:"revoked_at"`
	Active       *bool      `json:"is_active"`
}

func (e *estate) importKey(ctx context.Context, line []byte, pepper secret.Text) error {
	var k keyLine
	if err := json.Unmarshal(line, &k); err != nil {
		return fault.Errorf(fault.Malformed, "it is not a key in JSON")
	}
	u, err := e.find(ctx, k.User)
	if err != nil {
		return err
	}
	in := apikeys.Import{
		Name: k.Name, Description: k.Description, Scopes: k.Scopes, AllowedIPs: k.AllowedIPs, SHA256: k.KeyHash,
		KeyID: k.KeyID, Environment: k.PrefixEnv, HMAC: k.HashedSecret,
		CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt, ExpiresAt: k.ExpiresAt,
	}
	if in.HMAC != "" {
		in.Pepper = pepper
	}
	switch {
	case k.RevokedAt != nil:
		in.RevokedAt = *k.RevokedAt
	case k.Active != nil && !*k.Active:
		in.RevokedAt = e.db.Now()
	}
	_, err = e.APIKeys().Import(ctx, u.ID, in)
	return err
}
