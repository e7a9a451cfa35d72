package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

func nothing(context.Context, *web.None) (*web.None, error) { return nil, nil }

func out[Out any](context.Context, *web.None) (*Out, error) { return nil, nil }

func in[In any](context.Context, *In) (*web.None, error) { return nil, nil }

// Mistakes in routes are found when they are registered.
func TestRegistrationPanics(t *testing.T) {
	t.Parallel()
	type note struct {
		ID int `db:"id,primary"`
	}
	for name, register := range map[string]func(*web.Router){
		"nobody may call": func(r *web.Router) { web.Handle(r, "GET /x", nothing, web.Access{}) },
		"is not METHOD":   func(r *web.Router) { web.Handle(r, "/x", nothing, web.Anyone) },
		"both called":     func(r *web.Router) { web.Handle(r, "GET /y", nothing, web.Anyone, web.OperationID("getX")) },
		"are the same":    func(r *web.Router) { web.Handle(r, "GET /x", nothing, web.Anyone, web.OperationID("other")) },
		"no field for":    func(r *web.Router) { web.Handle(r, "GET /x/{id}", nothing, web.Anyone) },
		"has no {id}": func(r *web.Router) {
			web.Handle(r, "GET /y", in[struct {
				ID string `path:"id"`
			}], web.Anyone)
		},
		"has no tag": func(r *web.Router) { web.Handle(r, "GET /y", in[struct{ X string }], web.Anyone) },
		"cannot be": func(r *web.Router) {
			web.Handle(r, "GET /y", in[struct {
				X struct{} `query:"x"`
			}], web.Anyone)
		},
		"has no default": func(r *web.Router) {
			web.Handle(r, "GET /y", in[struct {
				X []string `query:"x" default:"a"`
			}], web.Anyone)
		},
		"is not Body": func(r *web.Router) { web.Handle(r, "GET /y", out[struct{ X int }], web.Anyone) },
		"two parameters": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.FilterBy("pageSize", "", func([]string) (f data.Filter[product], err error) { return f, err }))
		},
		"to restrict": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.Restrict("x:read", "nothing"))
		},
		"ListAs is for other rows": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.ListAs(func(*note) small { return small{} }))
		},
		"View is for other rows": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.View(func(context.Context, *note) small { return small{} }))
		},
		"is for other rows": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.FilterBy("x", "", func([]string) (f data.Filter[note], err error) { return f, err }))
		},
		"would both be called": func(r *web.Router) {
			type Twin struct{ A int }
			web.Handle(r, "GET /a", out[struct{ Body Twin }], web.Anyone)
			func() {
				type Twin struct{ B int }
				web.Handle(r, "GET /b", out[struct{ Body Twin }], web.Anyone)
			}()
		},
		"no key that one {id}": func(r *web.Router) {
			web.Mount(r, "/shelves", &shelfService[shelfRow]{Table: data.NewTable[shelfRow]("shelves")}, web.Anyone, web.Anyone)
		},
		"cannot be a queue by": func(r *web.Router) {
			web.Mount(r, "/shelf", &fake{}, web.Anyone, web.Anyone, web.Queue("nothing", "false"))
		},
		"needs a permission": func(*web.Router) { web.Require("") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := web.NewRouter(web.Config{})
			web.Handle(r, "GET /x", nothing, web.Anyone)
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, name) {
					t.Errorf("panicked with %q", p)
				}
			}()
			register(r)
		})
	}
}
