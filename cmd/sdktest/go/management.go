package main

import "context"

func (p *program) management(context.Context) error { return nil }
