package view

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Tone is the meaning of a colour.
type Tone int

// Tones, and the colours that terminals give them.
const (
	// TonePlain has no colour.
	TonePlain Tone = iota
	// ToneGood is green.
	ToneGood
	// ToneBad is red.
	ToneBad
	// ToneWaiting is yellow.
	ToneWaiting
	// ToneBusy is bright blue.
	ToneBusy
)

// Span is a piece of a line in one tone.
type Span struct {
	Text string
	Tone Tone
}

// Line is one line of text, without its line break.
type Line []Span

// Text is what a view looks like, line by line.
type Text []Line

// plain makes a line of one span without a colour.
func plain(s string) Line { return Line{{Text: s}} }

// Width is the number of columns that a line takes.
func (l Line) Width() int {
	n := 0
	for _, s := range l {
		n += utf8.RuneCountInString(s.Text)
	}
	return n
}

// String is the line without colours.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// cut shortens a line to at most width columns.
func (l Line) cut(width int) Line {
	if l.Width() <= width {
		return l
	}
	var kept Line
	for _, s := range l {
		runes := []rune(s.Text)
		n := min(len(runes), width)
		kept = append(kept, Span{Text: string(runes[:n]), Tone: s.Tone})
		if width -= n; width == 0 {
			break
		}
	}
	return kept
}

// String is the text without colours, each line ended by a line break.
func (t Text) String() string {
	return t.Paint(func(s Span) string { return s.Text })
}

// Paint is the text with every span as paint makes it, each line ended by a
// line break.
func (t Text) Paint(paint func(Span) string) string {
	var b strings.Builder
	for _, line := range t {
		for _, s := range line {
			b.WriteString(paint(s))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Fit shortens the text to a screen of width columns and height lines. When
// lines must go, the last one says so.
func (t Text) Fit(width, height int) Text {
	fitted := make(Text, 0, len(t))
	for _, line := range t {
		fitted = append(fitted, line.cut(width))
	}
	if height > 0 && len(fitted) > height {
		fitted = append(fitted[:height-1], plain("… more lines than the screen has").cut(width))
	}
	return fitted
}

// columnGap is the space between two columns of a table.
const columnGap = 2

// layout puts cells into columns that are at least widths wide and as wide as
// their widest cell. The last column is only padded to the width given for it.
func layout(rows [][]Line, widths []int) Text {
	wide := slices.Clone(widths)
	last := len(wide) - 1
	for _, row := range rows {
		for i, cell := range row[:last] {
			wide[i] = max(wide[i], cell.Width())
		}
	}
	text := make(Text, 0, len(rows))
	for _, row := range rows {
		var line Line
		for i, cell := range row {
			line = append(line, cell...)
			pad := wide[i] - cell.Width()
			if i != last {
				pad += columnGap
			}
			if pad > 0 {
				line = append(line, Span{Text: strings.Repeat(" ", pad)})
			}
		}
		text = append(text, line)
	}
	return text
}
