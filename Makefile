# Aksu. Sources are found by directory; objects and programs go to build/<variant>/.
#: make                the library (libaksu.a, libaksu.so.0) and the program aksu
#: make lib            the library alone: needs a C11 compiler and nothing else
#: make check          build and run the unit, script and sim tests
#: make golden         write tests/golden/goodput-*.tsv: goodput over loss, round trip and buffer
#: make soak           random networks until SEGMENTS segments were simulated [10^9], on all cores
#: make lint           run every tools/lint-*
#: make bench          build and run the benchmarks
#: make bench-many     ten million connections around: needs 12 GiB of memory
#: make bench-sim      how many segments the simulator carries per second of CPU
#: make bench-device   throughput and connections through a TAP device (needs root)
#: make bench-path     one connection over links with loss, reordering and delay, ours and Linux's (needs root)
#: make bench-page     frames per second of the pages in Chromium, and the time to the first scenario
#: make bench-trace    packets a second that aksu trace reads
#: make bench-flood    SYNs of a flood through a TAP device, answered by cookie, and by the kernel's (needs root)
#: make wasm           compile the core for freestanding wasm32
#: make lab-page       build/web/lab/index.html: the labs in the browser, in one file (needs clang, lld, wasi-libc)
#: make fuzz           libFuzzer programs in build/fuzz/
#: make fuzz-afl       the same programs for AFL++ in build/fuzz-afl/
#: make proof          parsers that read inside of what they are given, shown by Frama-C (no part of script/test)
#: make install        to $(DESTDIR)$(PREFIX); make uninstall takes it away again
#: make clean
#: Variables: CC=clang  SAN=1 (address and undefined), memory (clang only), thread  WERROR=1  V=1 (show
#:            commands)  BUILD=dir
ifeq ($(origin CC),default)
CC := gcc
endif
VERSION := 0.1.0
SONAME  := libaksu.so.0
PREFIX  ?= /usr/local
BUILD   ?= build
CLANG   ?= clang
AFL     ?= afl-clang-fast
GOCODE  ?= /usr/share/gocode
CFLAGS  ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wswitch-enum -Wshadow -Wstrict-prototypes

ifdef FUZZ
VARIANT  ?= fuzz
SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
else ifeq ($(SAN),1)
VARIANT  ?= $(notdir $(firstword $(CC)))-san
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SAN),memory)
ifeq ($(findstring clang,$(CC)),)
$(error SAN=memory: $(CC) has no such sanitizer; use CC=clang)
endif
VARIANT  ?= $(notdir $(firstword $(CC)))-msan
SANITIZE := -fsanitize=memory -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
VARIANT  ?= $(notdir $(firstword $(CC)))-tsan
SANITIZE := -fsanitize=thread -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifneq ($(SAN),)
$(error SAN=$(SAN): there are SAN=1 (address and undefined), SAN=memory and SAN=thread)
endif
VARIANT ?= $(notdir $(firstword $(CC)))
# Fat objects: what is measured or installed is optimised across files, the tests link as quickly as ever.
LTO     := $(if $(SANITIZE)$(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
B       := $(BUILD)/$(VARIANT)
Q       := $(if $(V),,@)
FLAGS    = -std=c11 -fno-builtin-bcmp $(CFLAGS) $(WARNINGS) $(SANITIZE) -fvisibility=hidden -Iinclude -Isrc -I.
LINK     = $(CC) $(CFLAGS) $(SANITIZE) $(WHOLE) $(LDFLAGS)
obj      = $(patsubst %.c,$(B)/obj/%.o,$(1))
pkg      = $(shell pkg-config --libs $(1) 2>/dev/null || echo -l$(patsubst lib%,%,$(1)))
differs  = mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

core     := $(wildcard $(patsubst %,src/%/*.c,base wire tcp udp ip neighbor stack))
library  := $(core) $(wildcard $(patsubst %,src/%/*.c,socket event device host) sim/*.c)
program  := $(wildcard src/report/*.c src/gateway/*.c src/run/*.c src/trace/*.c src/cli/*.c lab/*.c lab/*/*.c)
# The viewer's modules, those that are imported before those that import them.
viewer   := $(patsubst %,web/viewer/%.js,words packet connection record text dom layout entry ladder tcb series plots \
            table toolbar panels viewer report)
page     := $(B)/obj/web/report_page.o
unit     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
helpers  := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)) tests/peer/mac.c
suites   := $(foreach d,script sim golden explore,$(if $(wildcard tests/$d/*.c),$(B)/tests/$d))
fuzzers  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
drivers  := $(wildcard tests/fuzz/driver/*.c)
peer     := $(wildcard tests/peer/*.c)
tool     := $(if $(wildcard tests/interop/*.c),$(B)/tests/interop-tool) $(if $(wildcard tests/interop/path/*.c),$(B)/tests/interop-path)
adapter  := $(wildcard tests/packetdrill/*.c)
pd       := $(if $(adapter),$(B)/tests/packetdrill.so)
examples := $(patsubst %.c,$(B)/%,$(wildcard examples/*.c))
aksu     := $(if $(wildcard src/cli/*.c),$(B)/aksu)
hosted   := $(wildcard src/device/*.c src/host/*.c) $(program) $(wildcard tests/*/*.c tests/interop/path/*.c bench/*.c bench/device/*.c bench/path/*.c bench/sim/*.c bench/syn/*.c bench/flood/*.c examples/*.c) $(drivers)

.PHONY: lab-page all lib objects tests check soak golden lint bench bench-many bench-sim bench-device bench-path bench-flood bench-page bench-trace wasm fuzz fuzz-afl proof fuzz-programs install uninstall clean help FORCE
all: lib $(aksu)
lib: $(B)/libaksu.a $(B)/libaksu.so
objects: $(call obj,$(library))
tests: all $(unit) $(suites) $(tool) $(pd) $(examples) $(if $(drivers),$(fuzzers:%=$(B)/fuzz/%))

$(call obj,$(library) $(program) $(wildcard bench/*.c bench/device/*.c bench/path/*.c bench/sim/*.c bench/syn/*.c bench/flood/*.c)): FLAGS += $(LTO)
# What is few octets long at most times is only made slower by vectors; where they pay, the code has them.
$(call obj,$(library)): FLAGS += -fno-tree-vectorize
$(call obj,$(library)): PIC := -fPIC -fno-semantic-interposition
# What the adapter for packetdrill shares with the program.
shared   := src/run/errno.c src/run/tcp_info.c src/gateway/address.c
$(call obj,$(adapter) $(shared)): PIC := -fPIC
$(call obj,$(hosted)): DEFINES := -D_GNU_SOURCE
$(B)/obj/src/wire/checksum.o: FASTER := -O3
$(B)/obj/%.o: %.c $(B)/flags $(if $(WERROR),$(B)/werror)
	@mkdir -p $(@D)
	$(if $V,,@echo "  cc   $<")
	$Q$(CC) $(FLAGS) $(if $(WERROR),-Werror) $(FASTER) $(PIC) $(DEFINES) -MMD -MP -c -o $@ $<

# The page of a report, as octets in the program.
$(BUILD)/web/report.html: tools/web-bundle web/viewer/page.html web/viewer/viewer.css $(viewer)
	@mkdir -p $(@D)
	$Q$^ > $@.$(notdir $(B)) && mv $@.$(notdir $(B)) $@
$(B)/obj/web/report_page.c: $(BUILD)/web/report.html
	@mkdir -p $(@D)
	$Q{ echo '#include "report/page.h"'; echo 'const size_t report_page_length = '$$(wc -c < $<)';'; \
	    echo 'const unsigned char report_page[] = {'; od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g'; echo '};'; } > $@
$(page): $(B)/obj/web/report_page.c $(B)/flags $(if $(WERROR),$(B)/werror)
	$Q$(CC) $(FLAGS) $(if $(WERROR),-Werror) -c -o $@ $<

# Objects follow their flags. Those made without -Werror are made again when it is asked for.
$(B)/flags: FORCE
	@$(call differs,$(CC) $(FLAGS)); $(if $(WERROR),,rm -f $(B)/werror)
$(B)/werror:
	@mkdir -p $(@D); touch $@
$(B)/library.list: FORCE
	@$(call differs,$(library))
$(B)/program.list: FORCE
	@$(call differs,$(program))

WHOLE = $(if $(LTO),-fno-lto)
$(B)/$(SONAME) $(B)/aksu $(B)/bench $(B)/bench-sim $(B)/bench-syn $(B)/bench-device-aksu $(B)/bench-path-aksu $(B)/bench-flood-aksu $(B)/tests/golden: WHOLE = $(LTO)
$(B)/libaksu.a: $(call obj,$(library)) $(B)/library.list
$(B)/libprogram.a: $(call obj,$(program)) $(page) $(B)/program.list
$(B)/%.a:
	@rm -f $@
	$Qar rcs $@ $(filter %.o,$^)
$(B)/$(SONAME): $(call obj,$(library)) $(B)/library.list
	$Q$(LINK) -shared -Wl,-soname,$(SONAME) $(if $(WERROR),$(if $(SANITIZE),,-Wl,-z,defs)) -o $@ $(filter %.o,$^)
$(B)/libaksu.so: $(B)/$(SONAME)
	$Qln -sf $(SONAME) $@

inputs = $(filter %.o %.a,$^)
$(B)/aksu: $(call obj,$(program)) $(page) $(B)/program.list $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs) $(call pkg,libseccomp) $(call pkg,libcrypto) $(call pkg,ncursesw) $(call pkg,libpcap)
# Where memory runs out at will.
$(B)/tests/unit/test_lab_memory: WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
$(unit): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(call obj,$(helpers))
	$Q$(LINK) $(WRAP) -o $@ $(inputs) -Wl,--as-needed $(call pkg,cmocka) $(call pkg,libseccomp) $(call pkg,libcrypto)
$(B)/tests/script: $(call obj,$(wildcard tests/script/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(B)/tests/sim: $(call obj,$(wildcard tests/sim/*.c) $(peer))
	$Q$(LINK) -o $@ $(inputs)
$(B)/tests/explore: $(call obj,$(wildcard tests/explore/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(B)/tests/golden: $(call obj,$(wildcard tests/golden/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(B)/tests/interop-tool: $(call obj,$(wildcard tests/interop/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(B)/tests/interop-path: $(call obj,$(wildcard tests/interop/path/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(pd): $(call obj,$(adapter) $(shared)) $(B)/libaksu.a | $(B)/dirs
	$Q$(LINK) -shared -pthread -Wl,--exclude-libs,ALL $(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(inputs)
$(B)/tests/unit/test_packetdrill: | $(pd)
$(B)/bench: $(call obj,$(wildcard bench/*.c))
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-sim: $(B)/obj/bench/sim/main.o $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-syn: $(call obj,$(wildcard bench/syn/*.c)) $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-device-aksu: $(B)/obj/bench/device/stack.o $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-device-kernel: $(B)/obj/bench/device/kernel.o
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-path-aksu: $(B)/obj/bench/path/stack.o $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-flood-aksu: $(B)/obj/bench/flood/stack.o $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-flood-sender: $(B)/obj/bench/flood/sender.o $(B)/libaksu.a
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-path-kernel: $(B)/obj/bench/path/kernel.o
	$Q$(LINK) -o $@ $(inputs)
$(B)/bench-device-lwip: tests/interop/peers/lwip_bench.c tests/interop/peers/lwip_tap.h
	$Q$(CC) -O2 -Wall -isystem /usr/include/lwip -o $@ $< -llwip
$(B)/bench-device-gvisor: tests/interop/peers/gvisor_bench.go tests/interop/peers/gvisor_tap.go
	$Qenv GO111MODULE=off GOFLAGS= GOPROXY=off GOPATH=$(GOCODE) GOCACHE=$(abspath $(BUILD))/peers/go-cache go build -o $@ $^
$(fuzzers:%=$(B)/fuzz/%): $(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(call obj,$(drivers) $(peer))
	$Q$(LINK) -o $@ $(inputs)
$(examples): $(B)/examples/%: $(B)/obj/examples/%.o
	$Q$(LINK) -o $@ $(inputs)
$(unit) $(suites) $(tool) $(B)/bench $(fuzzers:%=$(B)/fuzz/%) $(examples): $(B)/libprogram.a $(B)/libaksu.a | $(B)/dirs
$(B)/dirs:
	@mkdir -p $(B)/tests/unit $(B)/fuzz $(B)/examples && touch $@

check: tests
	@$(if $(unit)$(suites),,echo "tests/ is empty"; exit 1;) failed=0; \
	for t in $(unit) $(suites); do echo "== $$t"; $$t || failed=1; done; exit $$failed
soak: $(B)/tests/sim
	$Q$(B)/tests/sim --soak $(or $(SEGMENTS),1000000000) --jobs $(shell nproc) --seed $(or $(SEED),1)
golden: $(B)/tests/golden
	$Q$(B)/tests/golden --write
lint: all
	@failed=0; for l in $(sort $(filter-out %-selftest,$(wildcard tools/lint-*))); do \
	    AKSU=$(B)/aksu $$l && echo "ok $$l" || { echo "FAIL $$l"; failed=1; }; done; exit $$failed
bench: $(B)/bench $(B)/bench-syn
	$Q$(B)/bench $(BENCH)
	$(if $(BENCH),,$Q$(B)/bench-syn)
bench-many: $(B)/bench
	$Q$(B)/bench --mark many --only bulk --only conn --only rr --only many --others 1000 --others 10000000 $(BENCH)
bench-page: all $(B)/examples/simulate lab-page
	$Qbench/page/run $(BENCH)
bench-trace: $(B)/aksu
	$QBUILD=$(B) bench/trace/run $(BENCH)
bench-sim: $(B)/bench-sim
	$Q$(B)/bench-sim $(BENCH)
others := $(if $(wildcard /usr/include/lwip/lwip/tcpip.h),lwip) \
          $(if $(wildcard $(GOCODE)/src/gvisor.dev/gvisor/pkg/tcpip/stack),gvisor)
bench-device: $(B)/bench-device-aksu $(B)/bench-device-kernel $(others:%=$(B)/bench-device-%)
	@$(if $(filter lwip,$(others)),,echo "without lwIP: apt-get install liblwip-dev")
	@$(if $(filter gvisor,$(others)),,echo "without gVisor: apt-get install golang-go golang-gvisor-gvisor-dev")
	$QBUILD=$(B) bench/device/run $(BENCH)
bench-path: $(B)/bench-path-aksu $(B)/bench-path-kernel $(B)/tests/interop-path
	$QBUILD=$(B) bench/path/run $(BENCH)
bench-flood: $(B)/bench-flood-aksu $(B)/bench-flood-sender
	$QBUILD=$(B) bench/flood/run $(BENCH)
wasm: $(core:%.c=$(BUILD)/wasm/%.o)
$(BUILD)/wasm/%.o: %.c
	@mkdir -p $(@D)
	$Q$(CLANG) --target=wasm32 -ffreestanding -nostdlib -nostdlibinc -std=c11 -O2 -Wall -Wextra -Werror \
	    -Iinclude -Isrc -MMD -MP -c -o $@ $<
# The labs as one page: the stack, the simulator and the scenarios as WebAssembly, compressed, in base64. wasi-libc
# is the C library below them; no call of its system is ever made.
lab_page  := $(BUILD)/web/lab/index.html
lab_c      := $(core) $(wildcard src/socket/*.c src/event/*.c lab/*.c lab/*/*.c) web/lab/core.c \
             $(filter-out sim/explore%,$(wildcard sim/*.c))
lab_js    := $(filter-out web/viewer/report.js,$(viewer)) \
             $(addprefix web/lab/,core.js address.js lab_words.js controls.js page.js)
lab_css   := web/viewer/viewer.css web/lab/lab.css
WASI      := -std=c11 -Oz -flto -fno-builtin-bcmp -fvisibility=hidden -D_GNU_SOURCE -D_WASI_EMULATED_MMAN -Iinclude -Isrc -I.
lab-page: $(lab_page)
$(BUILD)/wasi/%.o: %.c
	@mkdir -p $(@D)
	$Q$(CLANG) --target=wasm32-wasi $(WASI) -MMD -MP -c -o $@ $<
$(BUILD)/web/lab.wasm: $(lab_c:%.c=$(BUILD)/wasi/%.o)
	@mkdir -p $(@D)
	$Q$(CLANG) --target=wasm32-wasi -mexec-model=reactor -Oz -flto -Wl,--gc-sections,--strip-all,--lto-O2 \
	    -Wl,-z,stack-size=1048576 -o $@ $^ -lwasi-emulated-mman
$(lab_page): $(BUILD)/web/lab.wasm web/lab/page.html web/lab/script.html web/lab/start.js $(lab_css) $(lab_js) tools/web-bundle
	@mkdir -p $(@D)
	$Qcat $(lab_css) > $(BUILD)/web/lab.css
	$Qtools/web-bundle web/lab/script.html /dev/null $(lab_js) | sed 's|^ *||; /^\/\/ /d' > $(BUILD)/web/lab.js
	$Qfor one in wasm js; do gzip -9nc $(BUILD)/web/lab.$$one | base64 -w 120 > $(BUILD)/web/lab.$$one.base64 || exit 1; done
	$Qtools/web-bundle web/lab/page.html $(BUILD)/web/lab.css web/lab/start.js | awk -v at=$(BUILD)/web/lab. \
	    'function put(file,    line) { while ((getline line < file) > 0) print line } \
	     $$0 == "@CORE@" { put(at "wasm.base64"); next } $$0 == "@SCRIPT@" { put(at "js.base64"); next } { print }' > $@
fuzz:
	$Q$(MAKE) --no-print-directory CC=$(CLANG) FUZZ=1 fuzz-programs
fuzz-afl:
	@command -v $(AFL) >/dev/null || { echo "make fuzz-afl: there is no $(AFL); apt-get install afl++"; exit 1; }
	$Q$(MAKE) --no-print-directory CC=$(AFL) FUZZ=1 VARIANT=fuzz-afl fuzz-programs
fuzz-programs: $(fuzzers:%=$(B)/%)
$(fuzzers:%=$(B)/%): $(B)/%: $(B)/obj/tests/fuzz/%.o $(call obj,$(peer)) $(B)/libprogram.a $(B)/libaksu.a
	$Q$(LINK) -fsanitize=fuzzer -o $@ $(inputs)
proof:
	$Qtests/proof/run $(PROOF)

D := $(DESTDIR)$(PREFIX)
install: all
	install -d $(D)/include/aksu $(D)/lib/pkgconfig $(D)/bin $(D)/share/man/man1
	install -m 644 $(wildcard include/aksu/*.h include/aksu/*.def) $(D)/include/aksu
	install -m 644 $(B)/libaksu.a $(D)/lib
	$(if $(LTO),objcopy --wildcard -R '.gnu.lto_*' -R '.gnu.debuglto_*' -N __gnu_lto_slim $(D)/lib/libaksu.a)
	install -m 755 $(B)/$(SONAME) $(D)/lib
	ln -sf $(SONAME) $(D)/lib/libaksu.so
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' aksu.pc.in > $(D)/lib/pkgconfig/aksu.pc
	$(if $(aksu),install -m 755 $(aksu) $(D)/bin)
	$(if $(wildcard man/*.1),install -m 644 $(wildcard man/*.1) $(D)/share/man/man1)
	$(if $(wildcard $(lab_page)),install -d $(D)/share/aksu/lab && install -m 644 $(lab_page) $(D)/share/aksu/lab)
uninstall:
	rm -rf $(D)/include/aksu
	rm -f $(D)/lib/libaksu.a $(D)/lib/libaksu.so $(D)/lib/$(SONAME) $(D)/lib/pkgconfig/aksu.pc
	rm -rf $(D)/share/aksu
	rm -f $(D)/bin/aksu $(patsubst man/%,$(D)/share/man/man1/%,$(wildcard man/*.1))
clean:
	rm -rf $(BUILD)
help:
	@sed -n 's/^#: //p' Makefile
-include $(shell find $(B)/obj $(BUILD)/wasm $(BUILD)/wasi -name '*.d' 2>/dev/null)
