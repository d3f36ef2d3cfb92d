# The platform's API. `cortina-api migrate` in place of its command brings the database up to date.
#
# `deploy/images` builds it, as it does the worker's.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE}
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates \
        libass9 libcurl3-gnutls libdav1d6 libfontconfig1 libfreetype6 libfribidi0 libpq5 libseccomp2 libstdc++6 libvpx7 \
        libxml2 libzimg2 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log /usr/share/doc /usr/share/man
# Our own libav, which the program finds there.
COPY libav /usr/local/libav
COPY cortina-api cortina-media /usr/local/bin/
COPY pipelines/published /opt/cortina/pipelines/published
COPY migrations /opt/cortina/migrations
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin cortina
# All that it loads is there.
RUN cortina-api --help >/dev/null
USER 10001
WORKDIR /opt/cortina
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/cortina-api"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
