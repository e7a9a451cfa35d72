package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
)

// A decimalCodec moves decimals as what a numeric is on the wire: digits to the
// base 10,000. Those that fit into a machine word go by plain arithmetic, which
// costs one allocation in ten of pgx's own way, by big integers; that is for
// the rest, and for all other types.
type decimalCodec struct{ pgtype.NumericCodec }

// PlanEncode is called by pgx.
func (c decimalCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case decimal.Decimal, *decimal.Decimal:
			return encodeDecimal{}
		}
	}
	return c.NumericCodec.PlanEncode(m, oid, format, value)
}

// PlanScan is called by pgx.
func (c decimalCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ok := target.(*decimal.Decimal); ok && format == pgtype.BinaryFormatCode {
		return scanDecimal{}
	}
	return c.NumericCodec.PlanScan(m, oid, format, target)
}

// minusSign is the sign of a negative numeric; one with this bit and the next
// higher one is no finite number.
const minusSign, notFinite = 0x4000, 0xc000

// An encodeDecimal is the way from a decimal to the wire.
type encodeDecimal struct{}

// Encode appends the number to buf.
func (encodeDecimal) Encode(value any, buf []byte) ([]byte, error) {
	d, ok := value.(decimal.Decimal)
	if !ok {
		d = *value.(*decimal.Decimal)
	}
	n, exp := d.CoefficientInt64(), int(d.Exponent())
	if n == 0 {
		exp = 0 // whatever it was
	}
	if d.NumDigits() > 15 || exp < -1000 || exp > 1000 {
		return encodeBig(d, buf)
	}
	var sign uint16
	if n < 0 {
		n, sign = -n, minusSign
	}
	scale := max(0, -exp)
	for ; exp%4 != 0; exp-- {
		n *= 10 // at most three times, so that there is room for it
	}
	var digits [5]uint16 // the last one first
	count := 0
	for ; n > 0; n /= 10_000 {
		digits[count] = uint16(n % 10_000)
		count++
	}
	for _, x := range [...]uint16{uint16(count), uint16(exp/4 + max(0, count-1)), sign, uint16(scale)} {
		buf = binary.BigEndian.AppendUint16(buf, x)
	}
	for count > 0 {
		count--
		buf = binary.BigEndian.AppendUint16(buf, digits[count])
	}
	return buf, nil
}

func encodeBig(d decimal.Decimal, buf []byte) ([]byte, error) {
	n := pgtype.Numeric{Int: d.Coefficient(), Exp: d.Exponent(), Valid: true}
	return pgtype.NumericCodec{}.PlanEncode(nil, pgtype.NumericOID, pgtype.BinaryFormatCode, n).Encode(n, buf)
}

// A scanDecimal is the way from the wire to a decimal, which has as many places
// as the numeric.
type scanDecimal struct{}

// Scan reads the number in src.
func (scanDecimal) Scan(src []byte, target any) error {
	into := target.(*decimal.Decimal)
	if src == nil {
		return errors.New("a NULL where none may be")
	}
	if len(src) < 8 {
		return fmt.Errorf("a numeric of %d bytes", len(src))
	}
	count, weight := int(binary.BigEndian.Uint16(src)), int(int16(binary.BigEndian.Uint16(src[2:])))
	sign, scale := binary.BigEndian.Uint16(src[4:]), int(binary.BigEndian.Uint16(src[6:]))
	digits := src[8:]
	if sign&notFinite == notFinite {
		return errors.New("not a finite number")
	}
	if len(digits) != 2*count {
		return fmt.Errorf("a numeric of %d digits in %d bytes", count, len(digits))
	}
	if count > 4 {
		return scanBig(src, into)
	}
	var n int64
	for ; len(digits) > 0; digits = digits[2:] {
		n = n*10_000 + int64(binary.BigEndian.Uint16(digits))
	}
	shift := 4*(weight+1-count) + scale // the places by which n ends too early
	for ; shift > 0 && n < 1e17; shift-- {
		n *= 10
	}
	for ; shift < 0; shift++ {
		n /= 10 // a zero: no digit stands behind the scale
	}
	if shift > 0 && n != 0 {
		return scanBig(src, into)
	}
	if sign == minusSign {
		n = -n
	}
	*into = decimal.New(n, int32(-scale))
	return nil
}

func scanBig(src []byte, into *decimal.Decimal) error {
	var n pgtype.Numeric
	if err := (pgtype.NumericCodec{}).PlanScan(nil, pgtype.NumericOID, pgtype.BinaryFormatCode, &n).Scan(src, &n); err != nil {
		return err
	}
	*into = decimal.NewFromBigInt(n.Int, n.Exp)
	return nil
}
