package postgres

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
)

// pgx's own codec, which does the same by way of big integers, is what ours is
// held to.
func TestDecimalCodec(t *testing.T) {
	t.Parallel()
	values := []string{
		"0", "1", "-1", "9999", "10000", "10001", "0.1", "-0.01", "0.0001", "0.00001", "1.50", "100.00", "99999999.99", "-10000000000.0001",
		"999999999999999", "1000000000000000", "999999999999999e4", "1e12", "1e20", "-1e-20", "12e-19", "1e1000", "1e-1000", "1e1001", "1e-1001",
		"99999999999999999999999999.123456789", "0e-7", "0e5000", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		values = append(values, decimal.New(r.Int64()>>r.IntN(64)-r.Int64N(100), int32(r.IntN(40)-20)).String())
	}
	m := pgtype.NewMap()
	const oid, format = pgtype.NumericOID, pgtype.BinaryFormatCode
	for _, text := range values {
		want, err := decimal.NewFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := m.Encode(oid, format, pgtype.Numeric{Int: want.Coefficient(), Exp: max(want.Exponent(), -2000), Valid: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{want, &want} {
			ours, err := decimalCodec{}.PlanEncode(m, oid, format, v).Encode(v, []byte("before"))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var n pgtype.Numeric
			if err := m.Scan(oid, format, bytes.TrimPrefix(ours, []byte("before")), &n); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got := decimal.NewFromBigInt(n.Int, n.Exp); !got.Equal(want) {
				t.Errorf("%s was sent as %s", text, got)
			}
		}
		var got decimal.Decimal
		if err := (decimalCodec{}).PlanScan(m, oid, format, &got).Scan(theirs, &got); err != nil || !got.Equal(want) {
			t.Errorf("%s was read as %s, %v", text, got, err)
		}
	}
}

// A number keeps the places that the column has.
func TestDecimalPlaces(t *testing.T) {
	t.Parallel()
	m := pgtype.NewMap()
	for _, n := range []pgtype.Numeric{
		{Int: big.NewInt(150), Exp: -2, Valid: true}, {Int: big.NewInt(10000), Exp: -2, Valid: true}, {Int: big.NewInt(12345600), Exp: -5, Valid: true},
	} {
		src, err := m.Encode(pgtype.NumericOID, pgtype.BinaryFormatCode, n, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got decimal.Decimal
		if err := (scanDecimal{}).Scan(src, &got); err != nil || got.Exponent() != n.Exp || got.Coefficient().Cmp(n.Int) != 0 {
			t.Errorf("%v e%d was read as %v e%d, %v", n.Int, n.Exp, got.Coefficient(), got.Exponent(), err)
		}
	}
}

func TestDecimalRefused(t *testing.T) {
	t.Parallel()
	for what, src := range map[string][]byte{
		"NULL": nil, "half a head": {0, 1, 0}, "half a digit": {0, 1, 0, 0, 0, 0, 0, 0, 1}, "another digit": {0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		"not a number": {0, 0, 0, 0, 0xc0, 0, 0, 0}, "infinity": {0, 0, 0, 0, 0xd0, 0, 0, 0}, "-infinity": {0, 0, 0, 0, 0xf0, 0, 0, 0},
	} {
		var d decimal.Decimal
		if err := (scanDecimal{}).Scan(src, &d); err == nil {
			t.Errorf("%s was read as %s", what, d)
		}
	}
}
