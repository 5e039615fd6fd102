/**
 * Request headers that neither change what is answered nor say who asks. Callers may differ in these and still share an
 * entry of the cache, a running call, a batch; **every other header keeps them apart**, those too that nobody has heard
 * of. A closed list: a name stands here only because what it means is known, and none that may carry a credential does.
 *
 * What identifies a caller to a proxy (`x-forwarded-user`, `x-forwarded-client-cert`, `remote-user`, `from`) is not
 * harmless, nor what a proxy took off the path (`x-forwarded-prefix`, `x-original-uri`), which may be a tenant; where a
 * request came from and by which way (`x-forwarded-for`, `via`) is.
 */

/** Of one hop, or replaced by the gateway: no upstream ever sees what the client sent. */
const OF_THIS_HOP = `connection keep-alive proxy-connection te trailer transfer-encoding upgrade http2-settings
  accept-encoding cache-control content-encoding content-length content-type expect host origin referer x-request-id`;

/** The gateway's own. */
const OURS = `x-switchgear-session x-switchgear-session-affinity x-switchgear-fallback x-switchgear-priority`;

/** What a client is and how it likes its bytes. `cache.vary` is for upstreams that answer by language. */
const CLIENT = `accept accept-charset accept-language user-agent x-user-agent x-requested-with date dnt pragma priority
  save-data upgrade-insecure-requests http-referer x-title x-goog-api-client x-ms-useragent
  anthropic-dangerous-direct-browser-access`;

/** Browsers (fetch metadata, client hints). */
const BROWSER = `sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-fetch-storage-access sec-gpc sec-purpose
  sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-form-factors sec-ch-ua-full-version
  sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform sec-ch-ua-platform-version
  sec-ch-ua-wow64 sec-ch-prefers-color-scheme sec-ch-prefers-reduced-motion`;

/** The SDKs of OpenAI and Anthropic: their machine, their version, their retries and deadlines. */
const SDK = `x-stainless-arch x-stainless-async x-stainless-custom-poll-interval x-stainless-helper
  x-stainless-helper-method x-stainless-lang x-stainless-os x-stainless-package-version x-stainless-poll-helper
  x-stainless-raw-response x-stainless-read-timeout x-stainless-retry-count x-stainless-runtime
  x-stainless-runtime-version x-stainless-stream-helper x-stainless-timeout`;

/** One request's own name, or that of the conversation it is part of; new each time, and so never a part of the question. */
const IDS = `idempotency-key x-idempotency-key x-client-request-id x-ms-client-request-id client-request-id
  x-correlation-id correlation-id x-trace-id request-id x-kong-request-id cf-request-id fly-request-id
  amz-sdk-invocation-id amz-sdk-request x-session-affinity x-claude-code-session-id`;

/** Traces: W3C, B3, Jaeger, Datadog, Sentry, Elastic, LangSmith, the clouds'. */
const TRACES = `traceparent tracestate baggage b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled x-b3-flags
  uber-trace-id x-datadog-trace-id x-datadog-parent-id x-datadog-sampling-priority x-datadog-origin x-datadog-tags
  sentry-trace elastic-apm-traceparent newrelic langsmith-trace x-ot-span-context grpc-trace-bin x-amzn-trace-id
  x-cloud-trace-context`;

/** Added by proxies on the way: by where and when a request came. */
const PROXIES = `via forwarded x-forwarded x-forwarded-for x-forwarded-host x-forwarded-port
  x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-server x-forwarded-ssl
  x-original-forwarded-for x-original-host x-original-proto x-real-ip x-real-port
  x-client-ip x-cluster-client-ip true-client-ip x-scheme x-request-start x-queue-start x-proxyuser-ip cdn-loop
  cf-connecting-ip cf-connecting-ipv6 cf-ipcountry cf-pseudo-ipv4 cf-ray cf-visitor fastly-client-ip
  fly-client-ip fly-forwarded-port fly-forwarded-proto fly-forwarded-ssl fly-region x-azure-clientip x-azure-ref
  x-azure-socketip x-azure-fdid x-envoy-attempt-count x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms
  x-envoy-external-address x-envoy-internal`;

const HARMLESS: ReadonlySet<string> = new Set(
  [OF_THIS_HOP, OURS, CLIENT, BROWSER, SDK, IDS, TRACES, PROXIES].flatMap((group) => group.split(/\s+/)),
);

/** @param name in lower case */
export function isHarmless(name: string): boolean {
  return HARMLESS.has(name);
}

const NEVER_FORWARDED: ReadonlySet<string> = new Set(['', 'close', ...OF_THIS_HOP.split(/\s+/)]);

/** Whether `Connection` names nothing but headers that no upstream sees anyway, so that taking it off changes nothing. */
export function namesHopsAlone(connection: string): boolean {
  if (connection === 'keep-alive' || connection === 'close') return true;
  return connection
    .toLowerCase()
    .split(',')
    .every((name) => NEVER_FORWARDED.has(name.trim()));
}
