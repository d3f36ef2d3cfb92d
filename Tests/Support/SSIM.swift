/// The structural similarity of two pictures' luma, from 0 to 1: the mean over blocks of 8x8 at every fourth pixel.
///
/// Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment", IEEE TIP 13(4), 2004, equation 13.
package func ssim(_ a: DecodedClip.Picture, _ b: DecodedClip.Picture) -> Double {
    guard a.width == b.width, a.height == b.height, a.width >= 8, a.height >= 8 else { return 0 }
    let (c1, c2) = (6.5025, 58.5225)
    var total = 0.0
    var blocks = 0
    a.luma.withUnsafeBufferPointer { left in
        b.luma.withUnsafeBufferPointer { right in
            for y in stride(from: 0, through: a.height - 8, by: 4) {
                for x in stride(from: 0, through: a.width - 8, by: 4) {
                    var (sa, sb, saa, sbb, sab) = (0, 0, 0, 0, 0)
                    for row in 0..<8 {
                        let start = (y + row) * a.width + x
                        for column in start..<start + 8 {
                            let (p, q) = (Int(left[column]), Int(right[column]))
                            sa += p
                            sb += q
                            saa += p * p
                            sbb += q * q
                            sab += p * q
                        }
                    }
                    let (ma, mb) = (Double(sa) / 64, Double(sb) / 64)
                    let (va, vb) = (Double(saa) / 64 - ma * ma, Double(sbb) / 64 - mb * mb)
                    let covariance = Double(sab) / 64 - ma * mb
                    total += (2 * ma * mb + c1) * (2 * covariance + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
                    blocks += 1
                }
            }
        }
    }
    return total / Double(blocks)
}
