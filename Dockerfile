# Both programs, linked statically, and nothing else:
#
#   docker run --rm --volume "$PWD:/code" ghcr.io/orm-lint/orm-lint
#
# There is no git inside, so that --staged and --since are for outside.
FROM rust:1.95-alpine AS build
# The allocator is written in C.
# hadolint ignore=DL3018
RUN apk add --no-cache build-base
WORKDIR /source
COPY . .
RUN cargo build --release --locked

FROM scratch
COPY --from=build /source/target/release/orm-lint /source/target/release/orm-migrate /usr/bin/
WORKDIR /code
ENTRYPOINT ["/usr/bin/orm-lint"]
