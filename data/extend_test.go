package data_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

type host struct {
	data.Audited[host]
	Name  string     `json:"name" db:"name"`
	Shown string     `json:"shown" db:"-"`
	Extra data.Extra `json:"-"`
}

var hosts = data.NewTable[host]("hosts")

type tokens struct {
	TokenCount int     `json:"token_count" db:"token_count,default=5"`
	Plan       *string `db:"plan,default='fr''ee'"`
	Hidden     bool    `json:"-" db:"hidden,default=true"`
}

func TestExtensionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, extend := range map[string]func(){
		"no field of type data.Extra": func() { data.Extend[tokens](books) },
		"it is not a struct":          func() { data.Extend[int](hosts) },
		"it has no db tags":           func() { data.Extend[struct{ A int }](hosts) },
		"already: put them into one":  func() { data.Extend[tokens](data.Extend[tokens](hosts).Table()) },
		`column "name" has a name that the table has already`: func() {
			data.Extend[struct {
				A string `db:"name,default=''"`
			}](hosts)
		},
		`column "a" has a name that the table has already`: func() {
			data.Extend[struct {
				A string `json:"created_at" db:"a,default=''"`
			}](hosts)
		},
		`column "b" has a name that the table has already`: func() {
			data.Extend[struct {
				B string `json:"shown" db:"b,default=''"`
			}](hosts)
		},
		`column "d" has a name that the table has already`: func() {
			data.Extend[struct {
				C string `db:"c,default=''"`
				D int    `json:"c" db:"d,default=0"`
			}](hosts)
		},
		`column "e" is not called by up to 50 small letters`: func() {
			data.Extend[struct {
				E string `json:"Name" db:"e,default=''"`
			}](hosts)
		},
		`column "f" has no default`: func() {
			data.Extend[struct {
				F int `db:"f"`
			}](hosts)
		},
		`the default of column "g"`: func() {
			data.Extend[struct {
				G int `db:"g,default=x"`
			}](hosts)
		},
		`the default of column "h": a column of this type has none but NULL`: func() {
			data.Extend[struct {
				H time.Time `db:"h,default=now"`
			}](hosts)
		},
		`the default of column "i": 3000000000 does not fit`: func() {
			data.Extend[struct {
				I int32 `db:"i,default=3000000000"`
			}](hosts)
		},
		`column "j" is of the primary key, encrypted`: func() {
			data.Extend[struct {
				J *secret.Text `db:"j"`
			}](hosts)
		},
		`column "k" is unique, or refers`: func() {
			data.Extend[struct {
				K int `db:"k,unique,default=0"`
			}](hosts)
		},
		`column "l" is of the primary key`: func() {
			data.Extend[struct {
				L int `db:"l,primary,default=0"`
			}](hosts)
		},
		"cannot be stored": func() {
			data.Extend[struct {
				M chan int `db:"m,default=0"`
			}](hosts)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("it said %q, not %q", got, want)
				}
			}()
			extend()
		}()
	}
}

func TestExtraMembers(t *testing.T) {
	t.Parallel()
	x := data.Extend[tokens](hosts)
	table := x.Table()
	v := host{Name: "<n>"}
	text, err := json.Marshal(table.Whole(&v))
	if err != nil || !strings.HasSuffix(string(text), `,"shown":"","token_count":5,"plan":"fr'ee"}`) {
		t.Fatalf("encoded as %s, %v", text, err)
	}
	if hosts.Whole(&v) != any(&v) || hosts.Members() != nil {
		t.Error("a table that nothing extends has members")
	}
	extra, err := table.ReadExtra([]byte(`{"name":"x","plan":null,"hidden":false}`))
	if err != nil {
		t.Fatal(err)
	}
	v.Extra = extra
	if got := x.Of(&v); got.Plan != nil || got.TokenCount != 5 || !got.Hidden {
		t.Errorf("read %+v", got)
	}
	if !extra.Equal(x.Extra(tokens{TokenCount: 5, Hidden: true})) || extra.Equal(data.Extra{}) || extra.IsZero() || !(data.Extra{}).IsZero() {
		t.Error("what is equal is not")
	}
	if changes, err := table.ReadChanges([]byte(`{"plan":"p","token_count":1}`), table.Members()[:1]); err != nil || len(changes) != 1 {
		t.Errorf("%d changes, %v", len(changes), err)
	}
	if _, err := table.ReadExtra([]byte(`{"token_count":"x"}`)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another type: %v", err)
	}
	var names []string
	for _, c := range x.Schema().Columns {
		names = append(names, c.Name)
	}
	if want := []string{"id", "created_at", "updated_at", "name", "token_count", "plan", "hidden"}; !reflect.DeepEqual(names, want) {
		t.Errorf("the columns are %v", names)
	}
	if len(x.Base().Columns) != 4 {
		t.Errorf("without them they are %v", x.Base().Columns)
	}

	// Another program's columns of the same rows are others.
	type other struct {
		TokenCount string `db:"token_count,default='o'"`
	}
	y := data.Extend[other](hosts)
	if y.Of(&v).TokenCount != "o" || x.Of(&v).TokenCount != 5 {
		t.Error("one extension sees the other's values")
	}
}
