package rules

import (
	"container/list"
	"sync"
)

// maxPrograms bounds what is kept compiled.
const maxPrograms = 256

// programs keeps what was compiled lately.
var programs = cache{most: maxPrograms, order: list.New(), all: map[[32]byte]*list.Element{}}

type cache struct {
	mu    sync.Mutex
	most  int
	order *list.List // of entries, the latest first
	all   map[[32]byte]*list.Element
}

type entry struct {
	key     [32]byte
	program *program
}

func (c *cache) get(key [32]byte) *program {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).program //nolint:errcheck,forcetypeassert // nothing else is put in
}

func (c *cache) put(key [32]byte, p *program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[key] = c.order.PushFront(entry{key, p})
	for len(c.all) > c.most {
		last := c.order.Back()
		delete(c.all, c.order.Remove(last).(entry).key) //nolint:errcheck,forcetypeassert // as above
	}
}
