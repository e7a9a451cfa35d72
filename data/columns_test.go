package data_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

func TestSpecialColumnsRefuseWhatTheyCannotDo(t *testing.T) {
	t.Parallel()
	type row[V any] struct {
		data.Identified[row[V]]
	}
	for want, run := range map[string]func(){
		"needs the option sealed=TABLE.COLUMN": func() {
			data.NewSelect[struct {
				ID data.ID[int] `db:"id"`
				A  secret.Text  `db:"a"`
			}]("SELECT id, a FROM t", "")
		},
		"and the column id of its row": func() {
			data.NewSelect[struct {
				A secret.Text `db:"a,sealed=t.a"`
			}]("SELECT a FROM t", "")
		},
		`"a" is stored encrypted: it cannot be searched`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"a,search"`
			}]("t")
		},
		`"b" is stored encrypted: it cannot be searched`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"b,sort"`
			}]("t")
		},
		`"c" is stored encrypted: it cannot be searched`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"c,filter"`
			}]("t")
		},
		`"d" is stored encrypted: it cannot be searched`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"d,unique"`
			}]("t")
		},
		`"e" is stored encrypted: it cannot be searched`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"e"`
				B string      `db:"f"`
			}]("t", data.UniqueOn("f", "e"))
		},
		`"g" is stored encrypted and bound to its row`: func() {
			data.NewTable[struct {
				A secret.Text `db:"g"`
			}]("t")
		},
		`"h" is stored encrypted and bound to its row`: func() {
			data.NewTable[struct {
				ID int64       `db:"id,primary"`
				A  secret.Text `db:"h"`
			}]("t")
		},
		`"i" is stored encrypted and bound to its row`: func() {
			data.NewTable[struct {
				A string      `db:"a,primary"`
				B string      `db:"b,primary"`
				C secret.Text `db:"i"`
			}]("t")
		},
		`"j" is stored encrypted: neither its name`: func() {
			data.NewTable[struct {
				row[int]
				A secret.Text `db:"j"`
			}]("my.t")
		},
		`"k" holds password hashes`: func() {
			data.NewTable[struct {
				row[int]
				A *secret.PasswordHash `db:"k,sort"`
			}]("t")
		},
		`"l" holds one-time codes: it cannot`: func() {
			data.NewTable[struct {
				row[int]
				A *data.OneTimeCode `db:"l,filter"`
			}]("t")
		},
		`"m" holds one-time codes, which need`: func() {
			data.NewTable[struct {
				A *data.OneTimeCode `db:"m"`
			}]("t")
		},
		`a OneTimeCode needs a pointer`: func() {
			data.NewTable[struct {
				row[int]
				A data.OneTimeCode `db:"n"`
			}]("t")
		},
		`"o" is a list: it cannot`: func() {
			data.NewTable[struct {
				A []string `db:"o,index"`
			}]("t")
		},
		`string has no use for the options`: func() {
			data.NewTable[struct {
				A string `db:"a,type=text"`
			}]("t")
		},
		`int has no use for the options`: func() {
			data.NewTable[struct {
				A int `db:"a,sealed=x.y"`
			}]("t")
		},
		`"type=words" in the db tag is none of`: func() {
			data.NewTable[struct {
				A secret.Digest `db:"a,type=words"`
			}]("t")
		},
		`netip.Addr is stored as text, not as int`: func() {
			data.NewTable[struct {
				A netip.Addr `db:"a,type=int"`
			}]("t")
		},
		`kept is stored encrypted, or holds codes`: func() { data.Col[secret.Text](vaults, "kept").Asc() },
		`code is stored encrypted, or holds codes`: func() { data.Col[data.OneTimeCode](vaults, "code").Desc() },
		`vaults.name holds no one-time codes`:      func() { data.CodeCol(vaults, "name", data.CodeRules{}) },
		`vaults.code holds no one-time codes`:      func() { data.CodeCol(vaults, "code", data.CodeRules{Alphabet: "0123456780"}) },
		`or none by these rules`:                   func() { data.CodeCol(vaults, "code", data.CodeRules{Length: 3}) },
		`vaults.any is stored as any JSON`:         func() { data.ListCol[string](vaults, "any") },
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, want) || !strings.HasPrefix(p, "data: ") {
					t.Errorf("panicked with %s, want %q", p, want)
				}
			}()
			run()
		}()
	}
}

type vault struct {
	data.Identified[vault]
	Name string            `db:"name"`
	Kept secret.Text       `db:"kept"`
	Code *data.OneTimeCode `db:"code"`
	Any  []string          `db:"any,json"`
}

var vaults = data.NewTable[vault]("vaults")

// A time without a zone is not taken from a request, and all others are UTC.
func TestTimesNeedAZone(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"2026-01-31T12:00:00Z": true, "2026-01-31T12:00:00.123456+02:00": true, "2026-01-31T12:00:00": false, "2026-01-31": false,
		"2026-01-31 12:00:00Z": false, "": false, "10000-01-01T00:00:00Z": false,
	} {
		if _, err := events.Matching("at", data.After, text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var events = data.NewTable[struct {
	At time.Time `db:"at,filter"`
}]("events")
