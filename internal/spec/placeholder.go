package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

const (
	openTag  = "{{"
	closeTag = "}}"
)

// fillTags replaces every {{tag}} in text by what value says. What it puts in is not
// looked at again. Any use of double braces is a tag; there is no way to quote one.
func fillTags(text string, value func(tag string) (string, error)) (string, error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, openTag)
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		tag, rest, closed := strings.Cut(after, closeTag)
		if !closed {
			return "", unresolvedTag(after)
		}
		filled, err := value(strings.TrimSpace(tag))
		if err != nil {
			return "", err
		}
		out.WriteString(filled)
		text = rest
	}
}

func unresolvedTag(tag string) error { return fmt.Errorf("failed to resolve {{%s}}", tag) }

// argValues are the values of arguments by the tags that stand for them.
func argValues(values map[string]string) func(tag string) (string, error) {
	return func(tag string) (string, error) {
		name, isArg := strings.CutPrefix(tag, "args.")
		if value, known := values[name]; isArg && known {
			return value, nil
		}
		return "", unresolvedTag(tag)
	}
}

// fillIn replaces the tags in every string of a value that may be changed: fields,
// elements, keys and values of maps, and strings inside raw JSON. A value is never read
// as JSON text, so it may hold any character.
func fillIn(v reflect.Value, value func(tag string) (string, error)) error {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no text
	case reflect.String:
		filled, err := fillTags(v.String(), value)
		if err != nil {
			return err
		}
		v.SetString(filled)
		return nil
	case reflect.Pointer, reflect.Interface:
		return fillPointer(v, value)
	case reflect.Struct:
		return fillFields(v, value)
	case reflect.Slice, reflect.Array:
		return fillElements(v, value)
	case reflect.Map:
		return fillMap(v, value)
	default:
		return nil
	}
}

func fillPointer(v reflect.Value, value func(tag string) (string, error)) error {
	if v.IsNil() {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		return fillIn(v.Elem(), value)
	}
	filled, err := filledCopy(v.Elem(), value)
	if err != nil {
		return err
	}
	v.Set(filled)
	return nil
}

// fillFields leaves alone what has no exported fields, such as times and quantities:
// they were parsed, so no tag is left in them.
func fillFields(v reflect.Value, value func(tag string) (string, error)) error {
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		if err := fillIn(v.Field(i), value); err != nil {
			return err
		}
	}
	return nil
}

func fillElements(v reflect.Value, value func(tag string) (string, error)) error {
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		raw, err := fillJSON(v.Bytes(), value)
		if err != nil {
			return err
		}
		v.SetBytes(raw)
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil
	}
	for i := range v.Len() {
		if err := fillIn(v.Index(i), value); err != nil {
			return err
		}
	}
	return nil
}

func fillMap(v reflect.Value, value func(tag string) (string, error)) error {
	if v.IsNil() {
		return nil
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for _, key := range v.MapKeys() {
		filledKey, err := filledCopy(key, value)
		if err != nil {
			return err
		}
		filled, err := filledCopy(v.MapIndex(key), value)
		if err != nil {
			return err
		}
		out.SetMapIndex(filledKey, filled)
	}
	v.Set(out)
	return nil
}

// filledCopy is for what cannot be changed in place.
func filledCopy(v reflect.Value, value func(tag string) (string, error)) (reflect.Value, error) {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	return out, fillIn(out, value)
}

// fillJSON leaves raw JSON without tags byte for byte as it is.
func fillJSON(raw []byte, value func(tag string) (string, error)) ([]byte, error) {
	if !bytes.Contains(raw, []byte(openTag)) {
		return raw, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, errors.New("invalid JSON: " + err.Error())
	}
	if err := fillIn(reflect.ValueOf(&tree), value); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return nil, errors.New("invalid JSON: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
