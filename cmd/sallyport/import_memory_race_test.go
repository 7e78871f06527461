//go:build race

package main

// importMemory is for a binary that keeps several bytes of its own beside each of ours.
const importMemory = 640 << 20
