import CLibCurl
import Glibc
import LibAV

/// libcurl's easy handle with its connections: the one owner of its pointer, which no other file sees.
struct CurlHandle: ~Copyable {
    private let handle: UnsafeMutableRawPointer

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Throws: ``HTTPError/failed(reason:)`` where libcurl cannot be set up.
    init() throws(HTTPError) {
        guard Self.isReady, let handle = curl_easy_init() else { throw .failed(reason: "libcurl cannot be set up") }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    /// Sends a request and waits for its answer, whatever its status.
    ///
    /// - Throws: ``HTTPError``.
    mutating func perform(
        _ request: HTTPRequest, _ exchange: Exchange, _ patience: HTTPClient.Patience
    ) throws(HTTPError) -> HTTPResponse {
        // Keeps connections, forgets settings.
        curl_easy_reset(handle)
        let opaque = Unmanaged.passUnretained(exchange).toOpaque()
        var fields: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(fields) }
        for (name, value) in request.headers {
            let isClean = (name + value).utf8.allSatisfy { $0 >= 32 && $0 != 127 }
            // libcurl's ways to write a field with nothing in it, and one with something.
            let line = value.isEmpty ? "\(name);" : "\(name): \(value)"
            guard isClean, let longer = curl_slist_append(fields, line) else {
                throw .malformed(reason: "the header field '\(name)' has characters that none may have")
            }
            fields = longer
        }
        // Only what is large is worth asking for leave to send it (RFC 9110, section 10.1.1): who does not answer that costs
        // a second.
        if request.body.count < 1 << 20, let longer = curl_slist_append(fields, "Expect:") { fields = longer }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = message.withUnsafeMutableBytes { message -> CURLcode in
            ccurl_set_text(handle, CURLOPT_URL, request.url)
            ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
            ccurl_set_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
            ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
            if request.method == "HEAD" { ccurl_set_long(handle, CURLOPT_NOBODY, 1) }
            if request.body != .none { send(exchange, opaque) }
            ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, request.followsRedirects ? 1 : 0)
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, 5)
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT, patience.connecting)
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1024)
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, patience.stalled)
            ccurl_set_long(handle, CURLOPT_TIMEOUT, patience.whole)
            ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0)
            ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, message.baseAddress)
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, opaque)
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, opaque)
            ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, opaque)
            ccurl_set_write(handle, CURLOPT_WRITEFUNCTION) { data, size, count, opaque in
                guard let exchange = CurlHandle.exchange(opaque) else { return 0 }
                return exchange.take(CurlHandle.bytes(data, size * count)) ? size * count : 0
            }
            ccurl_set_write(handle, CURLOPT_HEADERFUNCTION) { data, size, count, opaque in
                CurlHandle.exchange(opaque)?.takeHeader(CurlHandle.bytes(data, size * count))
                return size * count
            }
            ccurl_set_progress(handle) { opaque, _, _, _, _ in
                CurlHandle.exchange(opaque)?.cancellation.isCancelled == true ? 1 : 0
            }
            return curl_easy_perform(handle)
        }
        // The message lies on this function's stack.
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
        guard code == CURLE_OK else {
            if exchange.cancellation.isCancelled { throw .cancelled }
            if exchange.isOverdrawn { throw .tooLarge }
            if let reason = exchange.unreadable { throw .malformed(reason: reason) }
            let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
            if code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL { throw .malformed(reason: reason) }
            throw .failed(reason: reason)
        }
        return HTTPResponse(status: ccurl_status(handle), headers: exchange.headers, body: exchange.body)
    }

    /// Has what a request sends be asked for as it is sent.
    private func send(_ exchange: Exchange, _ opaque: UnsafeMutableRawPointer) {
        ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
        ccurl_set_size(handle, curl_off_t(exchange.bytesToSend))
        ccurl_set_pointer(handle, CURLOPT_READDATA, opaque)
        ccurl_set_pointer(handle, CURLOPT_SEEKDATA, opaque)
        ccurl_set_write(handle, CURLOPT_READFUNCTION) { data, size, count, opaque in
            guard let data, let piece = CurlHandle.exchange(opaque)?.next(size * count) else {
                return Int(CURL_READFUNC_ABORT)
            }
            UnsafeMutableRawBufferPointer(start: data, count: size * count).copyBytes(from: piece)
            return piece.count
        }
        // A connection that was closed when it was used again is made anew, and all is sent again.
        ccurl_set_seek(handle) { opaque, offset, origin in
            guard let exchange = CurlHandle.exchange(opaque), origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
            exchange.rewind(to: Int64(offset))
            return CURL_SEEKFUNC_OK
        }
    }

    /// The exchange that a callback was handed: it lives as long as the call of ``perform(_:_:_:)`` that the callback is made in.
    private static func exchange(_ opaque: UnsafeMutableRawPointer?) -> Exchange? {
        opaque.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func bytes(_ data: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: data, count: count))
    }
}
