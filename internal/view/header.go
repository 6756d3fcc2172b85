package view

import (
	"fmt"
	"strconv"
)

// labelWidth is the width of the labels in the header, with the space after them.
const labelWidth = 17

// Text is the header and the tree of a Rollout.
func (v Rollout) Text(o TreeOptions) Text {
	text := Text{
		field("Name:", plain(v.Meta.Name)),
		field("Namespace:", plain(v.Meta.Namespace)),
		field("Status:", statusLine(v.Icon, v.Status)),
	}
	if v.Message != "" {
		text = append(text, field("Message:", plain(v.Message)))
	}
	text = append(text, field("Strategy:", plain(v.Strategy)))
	if v.Strategy == strategyCanary {
		text = append(text,
			field("  Step:", plain(v.Step)),
			field("  SetWeight:", plain(v.SetWeight)),
			field("  ActualWeight:", plain(v.ActualWeight)))
	}
	text = append(text, imageFields(v.imageLines())...)
	text = append(text,
		plain("Replicas:"),
		count("  Desired:", v.Desired),
		count("  Current:", v.Current),
		count("  Updated:", v.Updated),
		count("  Ready:", v.Ready),
		count("  Available:", v.Available),
		Line{})
	return append(text, v.node(o).table(o.Now)...)
}

// Text is the header and the tree of an Experiment.
func (exp Experiment) Text(o TreeOptions) Text {
	text := Text{
		field("Name:", plain(exp.Meta.Name)),
		field("Namespace:", plain(exp.Meta.Namespace)),
		field("Status:", statusLine(exp.Icon, exp.Status)),
	}
	if exp.Message != "" {
		text = append(text, field("Message:", plain(exp.Message)))
	}
	found := taggedImages{}
	found.addExperiment(exp)
	text = append(text, imageFields(found.lines())...)
	text = append(text, Line{})
	return append(text, exp.node(o).table(o.Now)...)
}

// field is a label and its value.
func field(label string, value Line) Line {
	return append(plain(fmt.Sprintf("%-*s", labelWidth, label)), value...)
}

func count(label string, n int32) Line {
	return field(label, plain(strconv.Itoa(int(n))))
}

// imageFields lists one image a line; the label stands before the first.
func imageFields(images []Line) Text {
	var text Text
	label := "Images:"
	for _, image := range images {
		text = append(text, field(label, image))
		label = ""
	}
	return text
}
