package rules

import (
	"testing"

	"github.com/dop251/goja"
)

// FuzzParse holds parse against the runtime's own JSON.parse.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, ` { "a" : [ 1 , -2.5e3 , "x\n\u00e9\ud83d\ude00" , null, true , false ] , "b": { "c": {} } } `, `"a,b:c]}"`, `{"__proto__":{"x":1},"constructor":2}`,
		`{"a":1,"a":2}`, `1e999`, `-0`, `[[[[]]]]`, "\"\xff\"", `{"1":1,"0":2}`, `"é"`, `"\ud800"`, `"a\\"`, `[1]x`, `{"a":}`, ``,
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
