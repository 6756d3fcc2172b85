package influxdb

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const valueColumn = "_value"

var errTruncated = errors.New("InfluxDB's answer breaks off")

// read returns the value of every row of an answer, in order. The format is that of
// https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/: tables, each
// of annotations, a header and rows, with an empty first column in the last two.
func read(answer []byte) ([]any, error) {
	if len(answer) > 0 && !bytes.HasSuffix(answer, []byte("\n")) {
		return nil, errTruncated
	}
	lines := csv.NewReader(bytes.NewReader(answer))
	lines.FieldsPerRecord = -1
	var (
		values []any
		now    table
	)
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read InfluxDB's answer: %w", err)
		}
		value, isRow, err := now.take(line)
		if err != nil {
			return nil, err
		}
		if isRow {
			values = append(values, value)
		}
	}
}

// table is what is known of the table that is being read.
type table struct {
	types, defaults, header []string
}

// take reads a line, and returns the value of a row.
func (t *table) take(line []string) (value any, isRow bool, err error) {
	switch {
	case strings.HasPrefix(line[0], "#"):
		t.annotate(line)
		return nil, false, nil
	case t.header == nil:
		t.header = line
		return nil, false, nil
	case len(line) != len(t.header):
		return nil, false, errTruncated
	case slices.Contains(t.header, "error") && slices.Contains(t.header, "reference"):
		return nil, false, fmt.Errorf("InfluxDB: %s", line[slices.Index(t.header, "error")])
	}
	value, err = t.value(line)
	return value, true, err
}

// annotate begins another table when the last one has its header.
func (t *table) annotate(line []string) {
	if t.header != nil {
		*t = table{}
	}
	switch line[0] {
	case "#datatype":
		t.types = line
	case "#default":
		t.defaults = line
	}
}

// value is nil for a row without one.
func (t *table) value(row []string) (any, error) {
	at := slices.Index(t.header, valueColumn)
	if at < 0 {
		return nil, nil
	}
	if at >= len(t.types) {
		return nil, errors.New("InfluxDB's answer has values without a type")
	}
	text := row[at]
	if text == "" && at < len(t.defaults) {
		text = t.defaults[at]
	}
	if text == "" {
		return nil, nil
	}
	value, err := parse(text, t.types[at])
	if err != nil {
		return nil, fmt.Errorf("read value of InfluxDB: %w", err)
	}
	return value, nil
}

// parse reads a value of one of the format's types.
func parse(text, kind string) (any, error) {
	switch kind {
	case "double":
		return strconv.ParseFloat(text, 64)
	case "long":
		return strconv.ParseInt(text, 10, 64)
	case "unsignedLong":
		return strconv.ParseUint(text, 10, 64)
	case "boolean":
		return strconv.ParseBool(text)
	case "string", "tag":
		return text, nil
	case "dateTime:RFC3339", "dateTime:RFC3339Nano":
		return time.Parse(time.RFC3339Nano, text)
	case "duration":
		return time.ParseDuration(text)
	case "base64Binary":
		return base64.StdEncoding.DecodeString(text)
	default:
		return nil, fmt.Errorf("unknown type %s", kind)
	}
}
