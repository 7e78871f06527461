package rules

import (
	"strings"
	"testing"

	"github.com/dop251/goja"
)

// FuzzParse holds parse against the runtime's own JSON.parse.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, ` { "a" : [ 1 , -2.5e3 , "x\n\u00e9\ud83d\ude00" , null, true , false ] , "b": { "c": {} } } `, `"a,b:c]}"`, `{"__proto__":{"x":1},"constructor":2}`,
		`{"a":1,"a":2}`, `1e999`, `-0`, `[[[[]]]]`, "\"\xff\"", `{"1":1,"0":2}`, `"é"`, `"\ud800"`, `"a\\"`, `[1]x`, `{"a":}`, ``,
		`[1,]`, `[,1]`, `[1 2]`, `[1,,2]`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a"::1}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":1}}`, `[`, `{"a`, `"\`, "\"\x01\"", `01`, `+1`, `.5`, `1.`, `tru`, `nulls`, `[]]`, ` `, `1 2`, `:1`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		vm := goja.New()
		got, err := parse(vm, text)
		if len(text) == 0 {
			return
		}
		_ = vm.Set("text", string(text))
		if _, fault := vm.RunString(`JSON.parse(text)`); (err == nil) != (fault == nil) {
			t.Fatalf("%q: %v, but %v", text, err, fault)
		}
		if err != nil {
			return
		}
		_ = vm.Set("got", got)
		same, err := vm.RunString(`JSON.stringify(got) === JSON.stringify(JSON.parse(text))`)
		if err != nil || !same.ToBoolean() {
			t.Errorf("%q became another value: %v", text, err)
		}
	})
}

// A document that is nested too deep is refused before the stack is used up.
func TestNest(t *testing.T) {
	for depth, taken := range map[int]bool{maxNest + 1: true, maxNest + 2: false, 1 << 22: false} {
		text := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		if _, err := parse(goja.New(), text); (err == nil) != taken {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}
