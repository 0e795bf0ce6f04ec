/* The least that a relay for PostgreSQL could do: one thread, one epoll, one read and one write per chunk, and the
 * boundaries of messages followed in both directions. It checks, keeps and says nothing. A yardstick, not a part of
 * the product.   usage: relay <listen port> <target port>   (both on 127.0.0.1) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 65536

struct end {
    int fd;
    struct end *peer;
    int first_message;          /* a start-up packet has no type byte */
    uint64_t body_left;         /* of the message that is passing */
    unsigned char header[5];
    int header_length;
    uint64_t messages;
    char *held;                 /* what the peer could not take yet */
    size_t held_length, held_at;
    int dead;
};

static int poller;
static struct end *doomed[2048];
static int doomed_count;

static void die(const char *what) { perror(what); exit(1); }

static void follow(struct end *end, const unsigned char *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        if (end->body_left) {
            size_t step = length - at < end->body_left ? length - at : end->body_left;
            at += step;
            end->body_left -= step;
            continue;
        }
        int needed = end->first_message ? 4 : 5;
        while (end->header_length < needed && at < length) end->header[end->header_length++] = bytes[at++];
        if (end->header_length < needed) return;
        uint32_t declared;
        memcpy(&declared, end->header + needed - 4, 4);
        declared = ntohl(declared);
        end->body_left = declared > 4 ? declared - 4 : 0;
        end->header_length = 0;
        end->first_message = 0;
        end->messages++;
    }
}

static void watch(struct end *end, uint32_t events) {
    struct epoll_event event = { .events = events, .data.ptr = end };
    if (epoll_ctl(poller, EPOLL_CTL_MOD, end->fd, &event) < 0) die("epoll_ctl");
}

static void drop(struct end *end) {
    if (end->dead || doomed_count + 2 > 2048) return;
    end->dead = end->peer->dead = 1;
    close(end->fd);
    close(end->peer->fd);
    doomed[doomed_count++] = end;
    doomed[doomed_count++] = end->peer;
}

static void pass_on(struct end *end) {
    static char chunk[CHUNK];
    ssize_t got = read(end->fd, chunk, CHUNK);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { drop(end); return; }
    follow(end, (unsigned char *)chunk, got);
    ssize_t sent = write(end->peer->fd, chunk, got);
    if (sent < 0 && errno != EAGAIN) { drop(end); return; }
    if (sent < 0) sent = 0;
    if (sent == got) return;
    end->held_length = got - sent;
    end->held_at = 0;
    end->held = malloc(end->held_length);
    memcpy(end->held, chunk + sent, end->held_length);
    watch(end, 0);                                   /* back-pressure: read no more until it is gone */
    watch(end->peer, (end->peer->held ? 0 : EPOLLIN) | EPOLLOUT);
}

static void flush_held(struct end *writer) {
    struct end *from = writer->peer;
    if (!from->held) return;
    ssize_t sent = write(writer->fd, from->held + from->held_at, from->held_length - from->held_at);
    if (sent < 0 && errno != EAGAIN) { drop(writer); return; }
    if (sent > 0) from->held_at += sent;
    if (from->held_at < from->held_length) return;
    free(from->held);
    from->held = NULL;
    watch(from, EPOLLIN);
    watch(writer, writer->held ? 0 : EPOLLIN);
}

static struct end *join(int fd, int first_message) {
    struct end *end = calloc(1, sizeof *end);
    int on = 1;
    end->fd = fd;
    end->first_message = first_message;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
    return end;
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "usage: relay <listen port> <target port>\n"); return 64; }
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in target = here;
    target.sin_port = htons(atoi(argv[2]));
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0) die("bind");
    if (listen(listener, 256) < 0) die("listen");
    poller = epoll_create1(0);
    struct epoll_event accepting = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &accepting);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++) {
            struct end *end = events[i].data.ptr;
            if (!end) {
                int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (client < 0) continue;
                int server = socket(AF_INET, SOCK_STREAM, 0);
                if (connect(server, (struct sockaddr *)&target, sizeof target) < 0) { close(client); close(server); continue; }
                fcntl(server, F_SETFL, O_NONBLOCK);
                struct end *a = join(client, 1), *b = join(server, 0);
                a->peer = b;
                b->peer = a;
                continue;
            }
            if (end->dead) continue;
            if (events[i].events & EPOLLOUT) flush_held(end);
            if (!end->dead && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !end->held) pass_on(end);
        }
        for (int i = 0; i < doomed_count; i++) { free(doomed[i]->held); free(doomed[i]); }
        doomed_count = 0;
    }
}
