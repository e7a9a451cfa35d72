package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/fault"
)

// A captcha asks the service that made it whether a person has solved it.
type captcha struct {
	verify string // the service's URL
	secret string
}

// Challenge wants a solution of everybody who registers, and of who signs in
// after three failures.
func (c captcha) Challenge(ctx context.Context, r accounts.ChallengeRequest) error {
	if r.Action == accounts.ChallengeSignIn && r.Failures < 3 {
		return nil
	}
	if r.Response == "" {
		return errors.New("no solution")
	}
	form := url.Values{"secret": {c.secret}, "response": {r.Response}, "remoteip": {r.Client.IP.String()}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.verify+"?"+form.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the service that knows people from programs does not answer")
	}
	defer res.Body.Close()
	var answer struct {
		Success bool `json:"success"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || !answer.Success {
		return errors.New("not solved")
	}
	return nil
}

// ExampleConfig_challenge shows what the app does: it sets Config.Challenge.
func ExampleConfig_challenge() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success": %v}`, r.FormValue("response") == "solved" && r.FormValue("secret") == "ours")
	}))
	defer service.Close()

	config := accounts.Config{Challenge: captcha{service.URL, "ours"}.Challenge}
	for _, r := range []accounts.ChallengeRequest{
		{Action: accounts.ChallengeSignIn, Failures: 2},
		{Action: accounts.ChallengeSignIn, Failures: 3},
		{Action: accounts.ChallengeRegister, Response: "guessed"},
		{Action: accounts.ChallengeRegister, Response: "solved"},
	} {
		fmt.Println(config.Challenge(context.Background(), r))
	}
	// Output:
	// <nil>
	// no solution
	// not solved
	// <nil>
}
