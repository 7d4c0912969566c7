namespace Proximal.Reports;

/// <summary>The style sheet of a report: one page, no outside resources, light and dark, screen and paper.</summary>
internal static class ReportStyle
{
    // Blue and orange, not green and red, tell plus from minus: most colour-blind readers can see them apart.
    public const string Sheet = """
        :root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6878; --paper: #ffffff; --card: #f7f8fa; --edge: #dde2e8;
          --c0: #2563eb; --c1: #d97706; --c2: #059669; --c3: #9333ea; --c4: #dc2626; --c5: #0891b2; --c6: #65a30d; --c7: #be185d;
          --plus: 37, 99, 235; --minus: 234, 122, 18; --warn: #b45309; --good: #047857; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7e9ed; --soft: #9aa5b4; --paper: #13161b; --card: #1b1f26; --edge: #303742;
          --c0: #6ea8fe; --c1: #f5b453; --c2: #4ade80; --c3: #c084fc; --c4: #f87171; --c5: #22d3ee; --c6: #a3e635; --c7: #f472b6;
          --plus: 88, 148, 255; --minus: 245, 148, 50; --warn: #f5b453; --good: #4ade80; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 1140px; padding: 32px 28px 48px; background: var(--paper); color: var(--ink);
          font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
        h1 { font-size: 27px; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; } h2 { font-size: 19px; margin: 40px 0 10px; }
        p.lead { font-size: 17px; max-width: 78ch; margin: 14px 0 20px; } .soft { color: var(--soft); } code { font-size: 13px; }
        p.soft { max-width: 90ch; margin: 4px 0 12px; } footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
        .badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 10px; font-size: 13px; }
        .good { color: var(--good); } .warning { color: var(--warn); }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 5px 22px 5px 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
        th { font-weight: 600; color: var(--soft); font-size: 13px; } td.number, th.number { text-align: right; white-space: nowrap; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; }
        .tile { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 11px 15px; }
        .tile .label { color: var(--soft); font-size: 13px; } .tile .value { font-size: 22px; font-weight: 600; line-height: 1.3; }
        .tile .from { color: var(--soft); font-size: 13px; }
        .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 14px; }
        svg.plot { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; width: 100%; height: auto; display: block; }
        svg.plot text { fill: var(--soft); font-size: 10.5px; font-variant-numeric: tabular-nums; }
        svg.plot text.name { fill: var(--ink); font-size: 12.5px; font-weight: 600; }
        svg.plot .end { text-anchor: end; } svg.plot .mid { text-anchor: middle; } svg.plot .grid { stroke: var(--edge); }
        svg.plot .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; } svg.plot .raw { opacity: .28; stroke-width: 1; }
        .line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); }
        .line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); } .line.c6 { stroke: var(--c6); } .line.c7 { stroke: var(--c7); }
        .dot.c0 { fill: var(--c0); } .dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); } .dot.c3 { fill: var(--c3); }
        .dot.c4 { fill: var(--c4); } .dot.c5 { fill: var(--c5); } .dot.c6 { fill: var(--c6); } .dot.c7 { fill: var(--c7); }
        .stack { display: grid; gap: 14px; max-width: 820px; } .intervals .row { font-size: 12px; fill: var(--ink); }
        .intervals .whisker { stroke: var(--c0); stroke-width: 2.2; stroke-linecap: round; } .intervals .middle { stroke: var(--soft); stroke-dasharray: 4 3; }
        .sample { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 12px 16px; margin: 0 0 14px; }
        .sample .head { color: var(--soft); font-size: 13px; margin-bottom: 6px; } .sample .head b { color: var(--ink); }
        .text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; } .text .prompt { color: var(--soft); }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; } @media (max-width: 760px) { .pair { grid-template-columns: 1fr; gap: 0; } }
        .pairs .ask { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; color: var(--soft); margin: 14px 0 6px; }
        .tokens span[title] { border-radius: 3px; padding: 1.5px 0; }
        .choice { margin: 0 0 12px; } .choice .samples { margin-top: 12px; } .choice label { margin-right: 16px; cursor: pointer; }
        .scale { color: var(--soft); font-size: 13px; } .scale .bar { display: inline-block; width: 120px; height: 10px; border-radius: 5px; margin-right: 8px;
          background: linear-gradient(90deg, rgba(var(--minus), .6), rgba(var(--minus), 0), rgba(var(--plus), 0), rgba(var(--plus), .6)); border: 1px solid var(--edge); }
        #by-kl:checked ~ .samples .a, #by-kl:checked ~ .a, #by-advantage:checked ~ .samples .k, #by-advantage:checked ~ .k { display: none; }
        details { margin: 10px 0; } summary { cursor: pointer; font-weight: 600; margin-bottom: 8px; }
        pre { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 12px 16px; overflow: auto; font-size: 13px; margin: 0; }
        @media print { body { max-width: none; padding: 0; } .sample, svg.plot, .tile { break-inside: avoid; } }

        """;
}
