package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/manorgo/manor/accounts/apikeys/client"
	"github.com/manorgo/manor/secret"
)

// A service asks Manor whose key a request brings.
func Example() {
	manor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"valid": true, "user_id": "ann", "key_id": "k1", "scopes": ["posts:*"]}`)
	}))
	defer manor.Close()

	guard := &client.Guard{
		URL:    manor.URL + "/api/v1",
		Client: &http.Client{Transport: &client.Transport{Key: secret.NewText("mnk_live_ours"), Origin: manor.URL}},
	}
	posts := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := client.From(r.Context())
		fmt.Fprint(w, "posts of ", caller.UserID, ", who may write: ", caller.Can("posts:write"))
	})
	mux := http.NewServeMux()
	mux.Handle("GET /posts", guard.Require("posts:read", posts))

	r := httptest.NewRequest("GET", "/posts", nil)
	r.Header.Set("Authorization", "Bearer mnk_live_theirs")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 posts of ann, who may write: true
}
