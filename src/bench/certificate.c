/* Has h2load show a client certificate, which it has no option for: preloaded, it gives each new context of OpenSSL the
 * certificate and the key named by CLIENT_CERTIFICATE and CLIENT_KEY (PEM files). Built by locks.sh. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int SSL_CTX_use_certificate_chain_file(void *context, const char *file);
int SSL_CTX_use_PrivateKey_file(void *context, const char *file, int type);

void *SSL_CTX_new(const void *method) {
  void *(*real)(const void *);
  *(void **)&real = dlsym(RTLD_NEXT, "SSL_CTX_new");
  void *context = real(method);
  const char *certificate = getenv("CLIENT_CERTIFICATE"), *key = getenv("CLIENT_KEY");
  if (!context || !certificate || !key || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, 1 /* PEM */) != 1) {
    fprintf(stderr, "no client certificate (expected: PEM files in CLIENT_CERTIFICATE and CLIENT_KEY)\n");
    exit(1);
  }
  return context;
}
