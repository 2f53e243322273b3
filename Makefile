# make             every program whose libraries pkg-config can find
# make check       everything: gets what the tests need, builds, tests; make check-file: one of them
# make demo        the machine's package log through a pipeline that is killed in the middle
# make lint        man pages, option tables, shell, C
# make asan        the suite again with address and undefined sanitizers, in build/asan
# make fuzz        FUZZTIME seconds (600) for each parser of foreign bytes
# make bench       speed, as ratios; make torture ROUNDS=200: kill -9, for long
# make install     under DESTDIR and PREFIX
# make deps        only what demo, check, lint, fuzz and bench need
# SPDX-License-Identifier: Apache-2.0

VERSION = 0.1.0
PREFIX  = /usr/local
BINDIR  = $(PREFIX)/bin
SHARE   = $(PREFIX)/share
MANDIR  = $(SHARE)/man
BASHDIR = bash-completion/completions
ZSHDIR  = zsh/site-functions
FISHDIR = fish/vendor_completions.d
B       = build
# The library is many small files: seen as one, a stage is a tenth faster.  make LTO= leaves it.
LTO    := $(shell $(CC) -dM -E -x c /dev/null | grep -q __clang__ || echo -flto=auto)
CFLAGS  = -O3 -g $(LTO)
WARN    = -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
FLAGS   = -std=c11 -D_GNU_SOURCE -DCE_VERSION='"$(VERSION)"' $(WARN) -MMD -MP -Ilib $(CPPFLAGS) $(CFLAGS)

# What each directory needs, by pkg-config name; no line: libce alone.
need.lib  = jansson libcrypto libssl
need.http = libcurl libmicrohttpd gnutls zlib
need.buf  = zlib
need.jq   = libjq
need.kafka    = rdkafka libcurl
need.mongodb  = libmongoc-1.0
need.rabbitmq = librabbitmq
need.redis    = hiredis
# What single files of the library need: without it they are left out.
need.lib/http.c  = libcurl
need.lib/oauth.c = libcurl
need.lib/httpreq.c = libcurl
need.lib/httpwarm.c = libcurl
need.lib/httpanswer.c = libcurl
$(foreach f,$(wildcard lib/httpd*.c),$(eval need.$f = libmicrohttpd gnutls))

# Libraries that pkg-config may not know, as jq 1.6: how to link them, and a header that shows them.
bare.libjq   = -ljq
header.libjq = jq.h

needed  := $(sort $(foreach v,$(filter need.%,$(.VARIABLES)),$($v)))
known   := $(shell for l in $(needed); do pkg-config --exists $$l && echo $$l; done)
found    = $(shell echo '\#include <$(header.$1)>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 && echo $1)
bare    := $(foreach l,$(filter-out $(known),$(needed)),$(if $(header.$l),$(call found,$l)))
have    := $(known) $(bare)
missing  = $(filter-out $(have),$(need.$1))
dirs    := $(patsubst cmd/%/,%,$(wildcard cmd/*/))
skipped := $(foreach d,$(dirs),$(if $(call missing,$d),$d))
mains   := $(filter-out $(skipped:%=cmd/%/%),$(wildcard cmd/*/ce-*.c))
progs   := $(sort $(basename $(notdir $(mains))))
bins    := $(progs:%=$B/bin/%)
lib     := $(foreach f,$(wildcard lib/*.c),$(if $(call missing,$f),,$f))
libs    := $(shell pkg-config --libs $(known) 2>/dev/null) $(foreach l,$(bare),$(bare.$l))
cflags  := $(shell pkg-config --cflags $(known) 2>/dev/null)

# From a program's name: its source, and the sources that its directory shares.
main  = $(filter %/$1.c,$(mains))
parts = $(call main,$1) $(filter-out $(dir $(call main,$1))ce-%,$(wildcard $(dir $(call main,$1))*.c))
objs  = $(patsubst %.c,$B/%.o,$(call parts,$1))
# A C test names what it needs beside libce in a comment: "needs: cmd/wrap/csv.c".
needs = $(patsubst %.c,$B/%.o,$(filter %.c,$(shell sed -n '1,30s/.*needs: *\([^*]*\).*/\1/p' $1.c)))
ready = $(foreach t,$(basename $(wildcard $1)),$(if $(filter $(skipped:%=$B/cmd/%/%),$(call needs,$t)),,$t))
LINK  = $(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@

all: $(bins)
	@$(foreach d,$(skipped),echo 'skipped $d: no $(call missing,$d) (pkg-config)' >&2;)

.SECONDEXPANSION:
.SECONDARY:
$(bins): $B/bin/%: $$(call objs,$$*) $B/libce.a
	@mkdir -p $(@D)
	@rm -f $B/$*.a; $(AR) rcs $B/$*.a $(filter-out %/$*.o %.a,$^)
	$(LINK) $(filter %/$*.o,$^) $B/$*.a $B/libce.a $(libs) $(LDLIBS)
$B/test/%: $B/test/%.o $$(call needs,test/$$*) $B/libce.a
	$(LINK) $^ $(libs) $(LDLIBS)
$B/fuzz/%: test/fuzz/%.c $$(call needs,test/fuzz/$$*) $B/libce.a
	@mkdir -p $(@D)
	$(LINK) $(FLAGS) $(cflags) -fsanitize=fuzzer $< $(filter %.o %.a,$^) $(libs)
$B/libce.a: $(lib:%.c=$B/%.o)
	rm -f $@ && $(AR) rcs $@ $^
$B/%.o: %.c
	$(if $(missing.lib),$(error libce needs $(missing.lib), and pkg-config cannot find it: make deps))
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(cflags) -c -o $@ $<

# Tests run the programs of $B from PATH; SANITIZED tells them not to measure.
RUN   = PATH="$(abspath $B)/bin:$$PATH" B="$(abspath $B)" MAKEFLAGS=
units = $(patsubst %,$B/%,$(call ready,test/unit/*.c))
gens  = $(patsubst %,$B/%,$(call ready,test/bench/*.c))
tests: all $(units)
	$(RUN) test/run test/*.bats $(units)
check:
	test/deps build check
	$(MAKE) tests
check-%:
	test/deps build check
	$(MAKE) built
	$(RUN) test/run $(wildcard test/$**.bats) $(patsubst %.c,$B/%,$(wildcard test/unit/$**.c))
built: all $(units)

SAN = -fsanitize=address,undefined -fno-sanitize-recover=all
asan:
	test/deps build check
	SANITIZED=1 $(MAKE) tests B=build/asan CFLAGS='-O1 -g -fno-omit-frame-pointer $(SAN)' LDFLAGS='$(SAN)'
fuzz:
	test/deps build fuzz
	$(MAKE) fuzzers B=build/fuzz CC=clang CFLAGS='-O1 -g $(SAN) -fsanitize=fuzzer-no-link' LDFLAGS='$(SAN)'
	B=build/fuzz test/fuzz/run
fuzzers: $(patsubst test/%,$B/%,$(call ready,test/fuzz/fuzz-*.c))

lint:
	test/deps build lint
	$(MAKE) all
	$(RUN) test/lint
demo:
	test/deps build
	$(MAKE) all
	$(RUN) test/demo
torture:
	test/deps build check
	$(MAKE) all
	$(RUN) test/torture $(ROUNDS)
bench:
	test/deps build check bench
	$(MAKE) all $(gens)
	$(RUN) test/bench/run
deps:
	test/deps

install: all
	install -d $(DESTDIR)$(BINDIR) $(addprefix $(DESTDIR)$(MANDIR)/man,1 5 7)
	install $(bins) $(DESTDIR)$(BINDIR)
	install -m644 $(progs:%=man/%.1) $(DESTDIR)$(MANDIR)/man1
	install -m644 $(wildcard man/*.5) $(DESTDIR)$(MANDIR)/man5
	install -m644 $(wildcard man/*.7) $(DESTDIR)$(MANDIR)/man7
	install -d $(addprefix $(DESTDIR)$(SHARE)/,$(BASHDIR) $(ZSHDIR) $(FISHDIR))
	install -m644 completions/ce.bash $(DESTDIR)$(SHARE)/$(BASHDIR)/ce
	install -m644 completions/ce.zsh $(DESTDIR)$(SHARE)/$(ZSHDIR)/_ce
	install -m644 completions/ce.fish $(DESTDIR)$(SHARE)/$(FISHDIR)
	cd $(DESTDIR)$(SHARE) && for p in $(progs); do \
	  ln -sf ce $(BASHDIR)/$$p && ln -sf ce.fish $(FISHDIR)/$$p.fish || exit 1; done
clean:
	rm -rf $B

-include $(wildcard $B/*/*.d $B/*/*/*.d)
.PHONY: all built tests check asan fuzz fuzzers lint demo torture bench deps install clean
.DELETE_ON_ERROR:
