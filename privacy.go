package manor

import (
	"slices"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
)

// PrivacyGaps returns, as domain.table.column, what refers to users in a domain
// that does not take its part in what people may ask of an app: it has no Export,
// or no Erase and a reference without ondelete, which would keep accounts from
// being erased. It finds what is declared as a reference; a domain that keeps
// people in other ways knows that itself. None of the built-in domains has any.
func (a *App) PrivacyGaps() []string {
	var out []string
	for _, d := range a.domains {
		for _, s := range d.Schemas {
			for _, f := range s.Foreign {
				if f.Table == "users" && gap(d, f) {
					out = append(out, d.Name+"."+s.Table+"."+f.Columns[0])
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func gap(d domain.Domain, f data.ForeignKey) bool {
	kept := f.OnDelete != "cascade" && f.OnDelete != "null"
	return d.Export == nil || kept && d.Erase == nil
}
