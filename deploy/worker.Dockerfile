# The worker as an AWS Lambda function from a container image; `cortina-worker poll` in place of its command runs it elsewhere.
#
# `deploy/images` builds it: the programs are built outside, with Swift's runtime in them, so that nothing but Debian's archive is
# asked for here. The context is the folder that it puts together.
ARG BASE=docker.io/library/debian:bookworm-slim

# What runs: libraries only.
FROM ${BASE} AS base
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates fontconfig fonts-dejavu-core \
        libass9 libcurl3-gnutls libdav1d6 libfontconfig1 libfreetype6 libfribidi0 libpq5 libseccomp2 libstdc++6 libvpx7 \
        libxml2 libzimg2 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log /usr/share/doc /usr/share/man
# Our own, which the programs in /usr/local/bin find there.
COPY libav /usr/local/libav

# What is made of assets beforehand: no function encodes a bumper.
FROM base AS baked
COPY cortina /usr/local/bin/
COPY assets/brand /opt/cortina/assets/brand
COPY pipelines/published /opt/cortina/pipelines/published
WORKDIR /opt/cortina
RUN cortina bake pipelines/published/*.json --cache /opt/cortina/cache

FROM base
COPY --from=baked /opt/cortina /opt/cortina
COPY cortina-worker /usr/local/bin/bootstrap
COPY cortina-media /usr/local/bin/
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin cortina && fc-cache --system-only
# All that they load is there.
RUN bootstrap --help >/dev/null && { cortina-media </dev/null 2>/dev/null; [ $? -eq 64 ]; }
USER 10001
# Lambda's disk is read-only but for /tmp.
WORKDIR /tmp
ENTRYPOINT ["/usr/local/bin/bootstrap"]
CMD ["lambda", "--pipelines", "/opt/cortina/pipelines/published", "--assets", "/opt/cortina/assets", \
     "--cache", "/opt/cortina/cache"]
