package tokens

import "context"

// SweepNow does what the schedule does.
func (s *Service) SweepNow(ctx context.Context) error { return s.sweep(ctx, Sweep{}) }
