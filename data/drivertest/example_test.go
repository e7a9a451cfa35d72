package drivertest_test

func Example() {
	// func TestDriver(t *testing.T) {
	//	drivertest.Run(t, func(t *testing.T) *data.DB { return open(t, t.TempDir()) })
	// }

	// Output:
}
