import co.elastic.clients.elasticsearch.ElasticsearchClient;

/** How a client of generation 9 is made. */
final class Connect {
    static ElasticsearchClient to(String url) {
        return ElasticsearchClient.of(b -> b.host(url));
    }
}
