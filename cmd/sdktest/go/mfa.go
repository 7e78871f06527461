package main

import "context"

func (p *program) mfa(context.Context) error { return nil }
