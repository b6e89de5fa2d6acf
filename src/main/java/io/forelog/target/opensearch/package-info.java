/** The target type {@code opensearch}: documents in OpenSearch or Elasticsearch, by bulk requests. */
@NullMarked
package io.forelog.target.opensearch;

import org.jspecify.annotations.NullMarked;
