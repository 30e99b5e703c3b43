# `just` alone lists the recipes. They only call what is described in README.md and CONTRIBUTING.md.

_default:
    @just --list

# Serve on http://127.0.0.1:8080, or run another command: just run config show
run *args:
    cargo run --locked -- {{args}}

# Run every test: just test, just test --test contract
test *args:
    scripts/test {{args}}

# Kill the server twenty times at each step of a mail, which takes minutes
test-kills:
    cargo test --locked -p tests --test process -- --ignored --exact relay::a_server_that_is_killed_twenty_times_at_each_step_loses_no_mail

# Try the API with clients that are generated from its description, OAuth libraries and schemathesis
clients:
    scripts/clients

# Format the code
fmt:
    cargo fmt --all

# Check the format and the lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Check that domain builds by itself
check-domain:
    cargo check -p domain --locked

# Apply, revert or list the migrations: just migrate up, just migrate down --steps 1, just migrate status
migrate *args="up":
    cargo run --locked -- migrate {{args}}

# Write .env.example and the table of settings in docs/operations/configure.md from the table in the code
settings:
    UPDATE=1 cargo test --locked -p api-actix --lib config::documentation

# Make the pictures of the documentation anew (needs Chromium and pngquant)
pictures:
    UPDATE=1 cargo test --locked -p tests --test process -- with_a_mouse::sqlite
    UPDATE=1 cargo test --locked -p tests --test process -- web:: --skip postgres
    pngquant --ext .png --force --strip --quality 80-100 docs/operations/images/*.png examples/web/images/*.png

# Write a resource through all layers: just new-resource invoice number:string amount:decimal due:date paid:bool
new-resource *args:
    cargo run --quiet --locked -p xtask -- new-resource {{args}}

# Measure the speed that has been promised (needs wrk)
bench:
    cargo run --release --locked -p bench

# Measure pages at depth, and searches, among a million users
bench-list:
    cargo run --release --locked -p bench -- list

# Measure what a storm of sign-ins leaves to others
bench-storm:
    cargo run --release --locked -p bench -- storm

# Measure whether time or answers tell which addresses are known: just test-timing, just test-timing 50
test-timing *samples:
    cargo run --release --locked -p bench -- timing {{samples}}

# Build the image and try what docker/README.md says (needs Docker with compose)
tour:
    docker/tour

# Everything that must hold before a change lands
ci:
    .ci/run
