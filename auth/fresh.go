package auth

import (
	"context"
	"time"

	"github.com/manorgo/manor/fault"
)

// FreshFor is how long a proof of who somebody is counts as fresh.
const FreshFor = 10 * time.Minute

// CodeRenewed is the code of fault.Unauthenticated for a cookie that another
// request has just had renewed. The browser has the new one by now, or is about
// to get it, and must not be told to drop it.
const CodeRenewed = "SESSION_RENEWED"

// CheckPerson returns nil if the caller is a person who has signed in, and not
// a program with a credential of its own, such as an API key, which is
// fault.Forbidden with the code SESSION_REQUIRED. Nobody is
// fault.Unauthenticated.
func CheckPerson(ctx context.Context) error {
	if err := Check(ctx, ""); err != nil {
		return err
	}
	if From(ctx).Session == "" {
		return fault.Coded(fault.Forbidden, "SESSION_REQUIRED", "this is for people who have signed in, not for programs with a key")
	}
	return nil
}

// CheckFresh is CheckPerson for what somebody at an unlocked screen should not
// do: the caller must have proved who they are within FreshFor before now, by
// signing in or since. Otherwise it is fault.Forbidden with the code
// STEP_UP_REQUIRED.
func CheckFresh(ctx context.Context, now time.Time) error {
	if err := CheckPerson(ctx); err != nil {
		return err
	}
	if p := From(ctx); p.Since.IsZero() || now.Sub(p.Since) > FreshFor {
		return fault.Coded(fault.Forbidden, "STEP_UP_REQUIRED", "prove again who you are, by POST /auth/step-up, then send this once more")
	}
	return nil
}
