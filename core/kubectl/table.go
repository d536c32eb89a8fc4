package kubectl

import (
	"fmt"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// columns aligns cells as kubectl's tab writer does: at least 6 wide, 3 of
// padding, widths remembered from one flush to the next so that the rows of a
// watch stay in line (cli-runtime pkg/printers/tabwriter.go).
type columns struct {
	widths []int
	rows   [][]string
}

const (
	columnMin     = 6
	columnPadding = 3
)

func (t *columns) row(cells ...string) { t.rows = append(t.rows, cells) }

// flush lays out the rows since the last flush.
func (t *columns) flush() string {
	for _, row := range t.rows {
		for i, cell := range row[:max(len(row)-1, 0)] {
			if i == len(t.widths) {
				t.widths = append(t.widths, columnMin)
			}
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell)+columnPadding)
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)))
			}
		}
		b.WriteByte('\n')
	}
	t.rows = nil
	return b.String()
}

// tableOptions are how a table is shown.
type tableOptions struct {
	noHeaders     bool
	wide          bool
	withNamespace bool
	kind          string // put before names when not ""
	showLabels    bool
	labelColumns  []string
}

// tablePrinter prints the server's tables (cli-runtime
// pkg/printers/tableprinter.go).
type tablePrinter struct {
	tableOptions
	columns     columns
	definitions []metav1.TableColumnDefinition
	printed     bool // the headers of definitions
}

// add adds the rows of one table. event is what a watch said of them.
func (p *tablePrinter) add(table *metav1.Table, event string) {
	headers := !p.noHeaders
	if p.printed && (len(table.ColumnDefinitions) == 0 || sameColumns(table.ColumnDefinitions, p.definitions)) {
		headers = false
	}
	if len(table.ColumnDefinitions) != 0 {
		p.definitions = table.ColumnDefinitions
	}
	if len(table.Rows) == 0 {
		return
	}
	p.printed = true
	if headers {
		p.columns.row(p.headers(event)...)
	}
	for _, row := range table.Rows {
		p.columns.row(p.cells(row, event)...)
	}
}

func sameColumns(a, b []metav1.TableColumnDefinition) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (p *tablePrinter) headers(event string) []string {
	var row []string
	if event != "" {
		row = append(row, "EVENT")
	}
	if p.withNamespace {
		row = append(row, "NAMESPACE")
	}
	for _, c := range p.definitions {
		if p.wide || c.Priority == 0 {
			row = append(row, strings.ToUpper(c.Name))
		}
	}
	for _, label := range p.labelColumns {
		parts := strings.Split(label, "/")
		row = append(row, strings.ToUpper(parts[len(parts)-1]))
	}
	if p.showLabels {
		row = append(row, "LABELS")
	}
	return row
}

func (p *tablePrinter) cells(row metav1.TableRow, event string) []string {
	var cells []string
	obj := rowObject(row)
	if event != "" {
		cells = append(cells, fmt.Sprintf("%-8s", event))
	}
	if p.withNamespace {
		cells = append(cells, obj.GetNamespace())
	}
	for i, cell := range row.Cells {
		if i >= len(p.definitions) || !p.wide && p.definitions[i].Priority != 0 {
			continue
		}
		text := cellText(cell)
		if p.kind != "" && p.definitions[i].Format == "name" && p.definitions[i].Type == "string" {
			text = p.kind + "/" + text
		}
		cells = append(cells, text)
	}
	for _, label := range p.labelColumns {
		cells = append(cells, obj.GetLabels()[label])
	}
	if p.showLabels {
		cells = append(cells, formatLabels(obj.GetLabels()))
	}
	return cells
}

// rowObject is what a row is about, as far as the server included it.
func rowObject(row metav1.TableRow) *object {
	if obj, err := decode(row.Object.Raw); err == nil {
		return obj
	}
	return &object{Object: map[string]any{}}
}

func cellText(cell any) string {
	text := ""
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		text = v
	case float64:
		text = fmt.Sprint(int64(v))
		if v != float64(int64(v)) {
			text = fmt.Sprint(v)
		}
	default:
		text = fmt.Sprint(v)
	}
	if i := strings.IndexAny(text, "\f\n\r"); i >= 0 {
		text = text[:i] + "..."
	}
	return text
}

// formatLabels is k=v,k=v in order, or <none>.
func formatLabels(labels map[string]string) string {
	if len(labels) == 0 {
		return "<none>"
	}
	var pairs []string
	for _, k := range sortedKeys(labels) {
		pairs = append(pairs, k+"="+labels[k])
	}
	return strings.Join(pairs, ",")
}

func isTable(obj *object) bool {
	return obj.GetKind() == "Table" && strings.HasPrefix(obj.GetAPIVersion(), "meta.k8s.io/")
}
