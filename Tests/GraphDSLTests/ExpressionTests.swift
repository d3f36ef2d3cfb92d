import GraphDSL
import Testing

struct ExpressionTests {
    @Test(
        "formulas have the value that libavutil gives them",
        arguments: [
            ("1+2*3", 7), ("(1+2)*3", 9), ("-2^2", -4), ("2^-1", 0.5), ("7/2", 3.5), ("trunc(7/2)", 3),
            ("mod(-1, 3)", 2),
            ("2*floor(min(in.width, in.height*16/9)/2)", 852), ("if(gt(in.width,100), 1, 2)", 1),
            ("clip(5, 0, 3)", 3), ("max(0, in.duration-0.5)", 9.5),
        ] as [(Expression, Double)])
    func values(expression: Expression, value: Double) {
        #expect(expression.value(with: ["in.width": 854, "in.height": 480, "in.duration": 10]) == value)
    }

    @Test(
        "what cannot be told is nil, not a guess",
        arguments: ["t+1", "in.width/0", "foo(1)", "1+", "(1", "1 2", "", "min(1)", "random(0)"] as [Expression])
    func unknown(expression: Expression) { #expect(expression.value(with: ["in.width": 1]) == nil) }

    @Test("deep nesting ends, and does not overflow the stack")
    func deep() {
        let text = String(repeating: "(", count: 100_000) + "1"
        #expect(Expression(text).value(with: [:]) == nil)
    }

    @Test("known facts are put in, libavfilter's own variables stay")
    func substitution() {
        let expression: Expression = "ref.width-text_w-parameter.my-gap"
        #expect(expression.variables == ["ref.width", "parameter.my-gap"])
        #expect(
            expression.substituting(["ref.width": 1280, "parameter.my-gap": 2.5]).text == "(1280)-text_w-(2.5)")
    }
}
