package ui

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// export asks for a form and writes the table as it is shown.
func (a *app) export() tea.Cmd {
	records, numeric := a.list().records(), a.list().numeric()
	name := a.list().tableName() + "-" + a.snap.AsOf.In(a.zone()).Format("2006-01-02-1504")
	choices := []choice{
		{label: "Copy as text with tabs", key: "y", do: func() tea.Cmd { return a.copy(tabbed(records)) }},
	}
	if a.o.Export != nil {
		choices = append([]choice{
			{label: "CSV file", detail: name + ".csv", key: "c", do: func() tea.Cmd { return a.write(name+".csv", commaSeparated(records)) }},
			{label: "JSON file", detail: name + ".json", key: "j", do: func() tea.Cmd { return a.write(name+".json", objects(records, numeric)) }},
		}, choices...)
	}
	a.ask(newMenu("Export "+a.st.plural(len(records)-1, "line")+" of "+a.list().tableName(), choices, 0))
	return nil
}

func (a *app) write(name, content string) tea.Cmd {
	export := a.o.Export
	return func() tea.Msg {
		path, err := export(name, []byte(content))
		if err != nil {
			return sentMsg{err: err}
		}
		return sentMsg{said: "written: " + path}
	}
}

func tabbed(records [][]string) string {
	var out strings.Builder
	for _, r := range records {
		for i, cell := range r {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(strings.ReplaceAll(cell, "\t", " "))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// commaSeparated writes CSV. A text that a spreadsheet would run as a formula
// gets an apostrophe in front.
func commaSeparated(records [][]string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	for _, r := range records {
		r = slices.Clone(r)
		for i, cell := range r {
			if _, err := strconv.ParseFloat(cell, 64); err != nil && strings.IndexAny(cell, "=+-@＝＋－＠\t\r\n") == 0 {
				r[i] = "'" + cell
			}
		}
		w.Write(r) // a strings.Builder never fails
	}
	w.Flush()
	return out.String()
}

// objects writes JSON: numbers of the numeric columns, null where nothing is
// known, texts of all others, ids among them.
func objects(records [][]string, numeric map[string]bool) string {
	all := make([]map[string]any, 0, len(records))
	for _, r := range records[1:] {
		object := map[string]any{}
		for i, name := range records[0] {
			switch {
			case i > 0 && r[i] == "":
				object[name] = nil
			case i > 0 && numeric[name]:
				object[name] = json.Number(r[i])
			default:
				object[name] = r[i]
			}
		}
		all = append(all, object)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err.Error() // strings and numbers always marshal
	}
	return string(text) + "\n"
}
