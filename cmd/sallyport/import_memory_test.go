//go:build !race

package main

// importMemory bounds what an import may use, whatever the size of its file, in bytes.
const importMemory = 160 << 20
