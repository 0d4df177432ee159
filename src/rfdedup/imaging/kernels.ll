; made of kernels.c, SHA-256 e9abbee64eaec933fb09a288f66ebf82cbed80b51a0b02b2cb8c8d7325cb45c3

; Function Attrs: nounwind
define dso_local void @narrow_grey(ptr noundef %0, i64 noundef %1, i64 noundef %2, ptr noundef %3, ptr noundef %4, i64 noundef %5, i64 noundef %6, ptr noundef %7) #0 {
  %9 = alloca ptr, align 8
  %10 = alloca i64, align 8
  %11 = alloca i64, align 8
  %12 = alloca ptr, align 8
  %13 = alloca ptr, align 8
  %14 = alloca i64, align 8
  %15 = alloca i64, align 8
  %16 = alloca ptr, align 8
  %17 = alloca i64, align 8
  %18 = alloca i32, align 4
  %19 = alloca i64, align 8
  %20 = alloca ptr, align 8
  %21 = alloca ptr, align 8
  %22 = alloca <32 x i32>, align 128
  %23 = alloca i64, align 8
  %24 = alloca <32 x i8>, align 32
  %25 = alloca <32 x i32>, align 128
  store ptr %0, ptr %9, align 8, !tbaa !4
  store i64 %1, ptr %10, align 8, !tbaa !8
  store i64 %2, ptr %11, align 8, !tbaa !8
  store ptr %3, ptr %12, align 8, !tbaa !4
  store ptr %4, ptr %13, align 8, !tbaa !4
  store i64 %5, ptr %14, align 8, !tbaa !8
  store i64 %6, ptr %15, align 8, !tbaa !8
  store ptr %7, ptr %16, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #8
  store i64 0, ptr %17, align 8, !tbaa !8
  br label %26

26:                                               ; preds = %82, %8
  %27 = load i64, ptr %17, align 8, !tbaa !8
  %28 = load i64, ptr %11, align 8, !tbaa !8
  %29 = icmp slt i64 %27, %28
  br i1 %29, label %31, label %30

30:                                               ; preds = %26
  store i32 2, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #8
  br label %91

31:                                               ; preds = %26
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  store i64 0, ptr %19, align 8, !tbaa !8
  br label %32

32:                                               ; preds = %78, %31
  %33 = load i64, ptr %19, align 8, !tbaa !8
  %34 = load i64, ptr %15, align 8, !tbaa !8
  %35 = icmp slt i64 %33, %34
  br i1 %35, label %37, label %36

36:                                               ; preds = %32
  store i32 5, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  br label %81

37:                                               ; preds = %32
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  %38 = load ptr, ptr %9, align 8, !tbaa !4
  %39 = load ptr, ptr %12, align 8, !tbaa !4
  %40 = load i64, ptr %19, align 8, !tbaa !8
  %41 = getelementptr inbounds i32, ptr %39, i64 %40
  %42 = load i32, ptr %41, align 4, !tbaa !10
  %43 = sext i32 %42 to i64
  %44 = getelementptr inbounds i8, ptr %38, i64 %43
  store ptr %44, ptr %20, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #8
  %45 = load ptr, ptr %13, align 8, !tbaa !4
  %46 = load i64, ptr %19, align 8, !tbaa !8
  %47 = load i64, ptr %14, align 8, !tbaa !8
  %48 = mul nsw i64 %46, %47
  %49 = getelementptr inbounds i32, ptr %45, i64 %48
  store ptr %49, ptr %21, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 128, ptr %22) #8
  store <32 x i32> zeroinitializer, ptr %22, align 128, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  store i64 0, ptr %23, align 8, !tbaa !8
  br label %50

50:                                               ; preds = %68, %37
  %51 = load i64, ptr %23, align 8, !tbaa !8
  %52 = load i64, ptr %14, align 8, !tbaa !8
  %53 = icmp slt i64 %51, %52
  br i1 %53, label %55, label %54

54:                                               ; preds = %50
  store i32 8, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %71

55:                                               ; preds = %50
  call void @llvm.lifetime.start.p0(i64 32, ptr %24) #8
  call void @llvm.lifetime.start.p0(i64 128, ptr %25) #8
  %56 = load ptr, ptr %20, align 8, !tbaa !4
  %57 = load i64, ptr %23, align 8, !tbaa !8
  %58 = getelementptr inbounds i8, ptr %56, i64 %57
  call void @llvm.memcpy.p0.p0.i64(ptr align 32 %24, ptr align 1 %58, i64 32, i1 false)
  %59 = load ptr, ptr %21, align 8, !tbaa !4
  %60 = load i64, ptr %23, align 8, !tbaa !8
  %61 = getelementptr inbounds i32, ptr %59, i64 %60
  call void @llvm.memcpy.p0.p0.i64(ptr align 128 %25, ptr align 4 %61, i64 128, i1 false)
  %62 = load <32 x i8>, ptr %24, align 32, !tbaa !12
  %63 = zext <32 x i8> %62 to <32 x i32>
  %64 = load <32 x i32>, ptr %25, align 128, !tbaa !12
  %65 = mul <32 x i32> %63, %64
  %66 = load <32 x i32>, ptr %22, align 128, !tbaa !12
  %67 = add <32 x i32> %66, %65
  store <32 x i32> %67, ptr %22, align 128, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 128, ptr %25) #8
  call void @llvm.lifetime.end.p0(i64 32, ptr %24) #8
  br label %68

68:                                               ; preds = %55
  %69 = load i64, ptr %23, align 8, !tbaa !8
  %70 = add nsw i64 %69, 32
  store i64 %70, ptr %23, align 8, !tbaa !8
  br label %50, !llvm.loop !13

71:                                               ; preds = %54
  %72 = load <32 x i32>, ptr %22, align 128, !tbaa !12
  %73 = call i32 @llvm.vector.reduce.add.v32i32(<32 x i32> %72)
  %74 = call zeroext i8 @level(i32 noundef %73) #9
  %75 = load ptr, ptr %16, align 8, !tbaa !4
  %76 = load i64, ptr %19, align 8, !tbaa !8
  %77 = getelementptr inbounds i8, ptr %75, i64 %76
  store i8 %74, ptr %77, align 1, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 128, ptr %22) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  br label %78

78:                                               ; preds = %71
  %79 = load i64, ptr %19, align 8, !tbaa !8
  %80 = add nsw i64 %79, 1
  store i64 %80, ptr %19, align 8, !tbaa !8
  br label %32, !llvm.loop !15

81:                                               ; preds = %36
  br label %82

82:                                               ; preds = %81
  %83 = load i64, ptr %17, align 8, !tbaa !8
  %84 = add nsw i64 %83, 1
  store i64 %84, ptr %17, align 8, !tbaa !8
  %85 = load i64, ptr %10, align 8, !tbaa !8
  %86 = load ptr, ptr %9, align 8, !tbaa !4
  %87 = getelementptr inbounds i8, ptr %86, i64 %85
  store ptr %87, ptr %9, align 8, !tbaa !4
  %88 = load i64, ptr %15, align 8, !tbaa !8
  %89 = load ptr, ptr %16, align 8, !tbaa !4
  %90 = getelementptr inbounds i8, ptr %89, i64 %88
  store ptr %90, ptr %16, align 8, !tbaa !4
  br label %26, !llvm.loop !16

91:                                               ; preds = %30
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: readwrite)
declare void @llvm.memcpy.p0.p0.i64(ptr noalias nocapture writeonly, ptr noalias nocapture readonly, i64, i1 immarg) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: inlinehint nounwind
define internal zeroext i8 @level(i32 noundef %0) #3 {
  %2 = alloca i32, align 4
  %3 = alloca i32, align 4
  store i32 %0, ptr %2, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 4, ptr %3) #8
  %4 = load i32, ptr %2, align 4, !tbaa !10
  %5 = add nsw i32 %4, 2097152
  %6 = ashr i32 %5, 22
  store i32 %6, ptr %3, align 4, !tbaa !10
  %7 = load i32, ptr %3, align 4, !tbaa !10
  %8 = icmp slt i32 %7, 0
  br i1 %8, label %9, label %10

9:                                                ; preds = %1
  br label %18

10:                                               ; preds = %1
  %11 = load i32, ptr %3, align 4, !tbaa !10
  %12 = icmp sgt i32 %11, 255
  br i1 %12, label %13, label %14

13:                                               ; preds = %10
  br label %16

14:                                               ; preds = %10
  %15 = load i32, ptr %3, align 4, !tbaa !10
  br label %16

16:                                               ; preds = %14, %13
  %17 = phi i32 [ 255, %13 ], [ %15, %14 ]
  br label %18

18:                                               ; preds = %16, %9
  %19 = phi i32 [ 0, %9 ], [ %17, %16 ]
  %20 = trunc i32 %19 to i8
  call void @llvm.lifetime.end.p0(i64 4, ptr %3) #8
  ret i8 %20
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i32 @llvm.vector.reduce.add.v32i32(<32 x i32>) #4

; Function Attrs: nounwind
define dso_local void @narrow_rgb(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4, ptr noundef %5, i64 noundef %6, i64 noundef %7, ptr noundef %8, ptr noundef %9) #0 {
  %11 = alloca ptr, align 8
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca i64, align 8
  %15 = alloca ptr, align 8
  %16 = alloca ptr, align 8
  %17 = alloca i64, align 8
  %18 = alloca i64, align 8
  %19 = alloca ptr, align 8
  %20 = alloca ptr, align 8
  %21 = alloca i64, align 8
  %22 = alloca i32, align 4
  %23 = alloca i64, align 8
  %24 = alloca ptr, align 8
  %25 = alloca ptr, align 8
  %26 = alloca <4 x i32>, align 16
  %27 = alloca i64, align 8
  %28 = alloca <4 x i8>, align 4
  %29 = alloca <4 x i32>, align 16
  %30 = alloca <4 x i32>, align 16
  %31 = alloca <4 x i8>, align 4
  store ptr %0, ptr %11, align 8, !tbaa !4
  store i64 %1, ptr %12, align 8, !tbaa !8
  store i64 %2, ptr %13, align 8, !tbaa !8
  store i64 %3, ptr %14, align 8, !tbaa !8
  store ptr %4, ptr %15, align 8, !tbaa !4
  store ptr %5, ptr %16, align 8, !tbaa !4
  store i64 %6, ptr %17, align 8, !tbaa !8
  store i64 %7, ptr %18, align 8, !tbaa !8
  store ptr %8, ptr %19, align 8, !tbaa !4
  store ptr %9, ptr %20, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #8
  store i64 0, ptr %21, align 8, !tbaa !8
  br label %32

32:                                               ; preds = %105, %10
  %33 = load i64, ptr %21, align 8, !tbaa !8
  %34 = load i64, ptr %13, align 8, !tbaa !8
  %35 = icmp slt i64 %33, %34
  br i1 %35, label %37, label %36

36:                                               ; preds = %32
  store i32 2, ptr %22, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #8
  br label %115

37:                                               ; preds = %32
  %38 = load ptr, ptr %19, align 8, !tbaa !4
  %39 = load ptr, ptr %11, align 8, !tbaa !4
  %40 = load i64, ptr %14, align 8, !tbaa !8
  %41 = mul nsw i64 3, %40
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %38, ptr align 1 %39, i64 %41, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  store i64 0, ptr %23, align 8, !tbaa !8
  br label %42

42:                                               ; preds = %101, %37
  %43 = load i64, ptr %23, align 8, !tbaa !8
  %44 = load i64, ptr %18, align 8, !tbaa !8
  %45 = icmp slt i64 %43, %44
  br i1 %45, label %47, label %46

46:                                               ; preds = %42
  store i32 5, ptr %22, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %104

47:                                               ; preds = %42
  call void @llvm.lifetime.start.p0(i64 8, ptr %24) #8
  %48 = load ptr, ptr %19, align 8, !tbaa !4
  %49 = load ptr, ptr %15, align 8, !tbaa !4
  %50 = load i64, ptr %23, align 8, !tbaa !8
  %51 = getelementptr inbounds i32, ptr %49, i64 %50
  %52 = load i32, ptr %51, align 4, !tbaa !10
  %53 = mul nsw i32 3, %52
  %54 = sext i32 %53 to i64
  %55 = getelementptr inbounds i8, ptr %48, i64 %54
  store ptr %55, ptr %24, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %25) #8
  %56 = load ptr, ptr %16, align 8, !tbaa !4
  %57 = load i64, ptr %23, align 8, !tbaa !8
  %58 = load i64, ptr %17, align 8, !tbaa !8
  %59 = mul nsw i64 %57, %58
  %60 = getelementptr inbounds i32, ptr %56, i64 %59
  store ptr %60, ptr %25, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 16, ptr %26) #8
  store <4 x i32> zeroinitializer, ptr %26, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %27) #8
  store i64 0, ptr %27, align 8, !tbaa !8
  br label %61

61:                                               ; preds = %82, %47
  %62 = load i64, ptr %27, align 8, !tbaa !8
  %63 = load i64, ptr %17, align 8, !tbaa !8
  %64 = icmp slt i64 %62, %63
  br i1 %64, label %66, label %65

65:                                               ; preds = %61
  store i32 8, ptr %22, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %27) #8
  br label %85

66:                                               ; preds = %61
  call void @llvm.lifetime.start.p0(i64 4, ptr %28) #8
  %67 = load ptr, ptr %24, align 8, !tbaa !4
  %68 = load i64, ptr %27, align 8, !tbaa !8
  %69 = mul nsw i64 3, %68
  %70 = getelementptr inbounds i8, ptr %67, i64 %69
  call void @llvm.memcpy.p0.p0.i64(ptr align 4 %28, ptr align 1 %70, i64 4, i1 false)
  %71 = load <4 x i8>, ptr %28, align 4, !tbaa !12
  %72 = zext <4 x i8> %71 to <4 x i32>
  %73 = load ptr, ptr %25, align 8, !tbaa !4
  %74 = load i64, ptr %27, align 8, !tbaa !8
  %75 = getelementptr inbounds i32, ptr %73, i64 %74
  %76 = load i32, ptr %75, align 4, !tbaa !10
  %77 = insertelement <4 x i32> poison, i32 %76, i64 0
  %78 = shufflevector <4 x i32> %77, <4 x i32> poison, <4 x i32> zeroinitializer
  %79 = mul <4 x i32> %72, %78
  %80 = load <4 x i32>, ptr %26, align 16, !tbaa !12
  %81 = add <4 x i32> %80, %79
  store <4 x i32> %81, ptr %26, align 16, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 4, ptr %28) #8
  br label %82

82:                                               ; preds = %66
  %83 = load i64, ptr %27, align 8, !tbaa !8
  %84 = add nsw i64 %83, 1
  store i64 %84, ptr %27, align 8, !tbaa !8
  br label %61, !llvm.loop !17

85:                                               ; preds = %65
  %86 = load <4 x i32>, ptr %26, align 16, !tbaa !12
  %87 = add <4 x i32> %86, <i32 2097152, i32 2097152, i32 2097152, i32 2097152>
  %88 = ashr <4 x i32> %87, <i32 22, i32 22, i32 22, i32 22>
  store <4 x i32> %88, ptr %26, align 16, !tbaa !12
  %89 = load <4 x i32>, ptr %26, align 16, !tbaa !12
  store <4 x i32> zeroinitializer, ptr %29, align 16, !tbaa !12
  %90 = load <4 x i32>, ptr %29, align 16, !tbaa !12
  %91 = call <4 x i32> @llvm.smax.v4i32(<4 x i32> %89, <4 x i32> %90)
  store <4 x i32> %91, ptr %26, align 16, !tbaa !12
  %92 = load <4 x i32>, ptr %26, align 16, !tbaa !12
  store <4 x i32> <i32 255, i32 255, i32 255, i32 255>, ptr %30, align 16, !tbaa !12
  %93 = load <4 x i32>, ptr %30, align 16, !tbaa !12
  %94 = call <4 x i32> @llvm.smin.v4i32(<4 x i32> %92, <4 x i32> %93)
  store <4 x i32> %94, ptr %26, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 4, ptr %31) #8
  %95 = load <4 x i32>, ptr %26, align 16, !tbaa !12
  %96 = trunc <4 x i32> %95 to <4 x i8>
  store <4 x i8> %96, ptr %31, align 4, !tbaa !12
  %97 = load ptr, ptr %20, align 8, !tbaa !4
  %98 = load i64, ptr %23, align 8, !tbaa !8
  %99 = mul nsw i64 3, %98
  %100 = getelementptr inbounds i8, ptr %97, i64 %99
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %100, ptr align 4 %31, i64 4, i1 false)
  call void @llvm.lifetime.end.p0(i64 4, ptr %31) #8
  call void @llvm.lifetime.end.p0(i64 16, ptr %26) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %25) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %24) #8
  br label %101

101:                                              ; preds = %85
  %102 = load i64, ptr %23, align 8, !tbaa !8
  %103 = add nsw i64 %102, 1
  store i64 %103, ptr %23, align 8, !tbaa !8
  br label %42, !llvm.loop !18

104:                                              ; preds = %46
  br label %105

105:                                              ; preds = %104
  %106 = load i64, ptr %21, align 8, !tbaa !8
  %107 = add nsw i64 %106, 1
  store i64 %107, ptr %21, align 8, !tbaa !8
  %108 = load i64, ptr %12, align 8, !tbaa !8
  %109 = load ptr, ptr %11, align 8, !tbaa !4
  %110 = getelementptr inbounds i8, ptr %109, i64 %108
  store ptr %110, ptr %11, align 8, !tbaa !4
  %111 = load i64, ptr %18, align 8, !tbaa !8
  %112 = mul nsw i64 3, %111
  %113 = load ptr, ptr %20, align 8, !tbaa !4
  %114 = getelementptr inbounds i8, ptr %113, i64 %112
  store ptr %114, ptr %20, align 8, !tbaa !4
  br label %32, !llvm.loop !19

115:                                              ; preds = %36
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <4 x i32> @llvm.smax.v4i32(<4 x i32>, <4 x i32>) #4

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <4 x i32> @llvm.smin.v4i32(<4 x i32>, <4 x i32>) #4

; Function Attrs: nounwind
define dso_local void @lower(ptr noundef %0, i64 noundef %1, i64 noundef %2, ptr noundef %3, ptr noundef %4, i64 noundef %5, i64 noundef %6, ptr noundef %7, ptr noundef %8) #0 {
  %10 = alloca ptr, align 8
  %11 = alloca i64, align 8
  %12 = alloca i64, align 8
  %13 = alloca ptr, align 8
  %14 = alloca ptr, align 8
  %15 = alloca i64, align 8
  %16 = alloca i64, align 8
  %17 = alloca ptr, align 8
  %18 = alloca ptr, align 8
  %19 = alloca i64, align 8
  %20 = alloca i32, align 4
  %21 = alloca i64, align 8
  %22 = alloca i64, align 8
  %23 = alloca ptr, align 8
  %24 = alloca ptr, align 8
  %25 = alloca ptr, align 8
  %26 = alloca ptr, align 8
  %27 = alloca ptr, align 8
  %28 = alloca i64, align 8
  %29 = alloca i64, align 8
  store ptr %0, ptr %10, align 8, !tbaa !4
  store i64 %1, ptr %11, align 8, !tbaa !8
  store i64 %2, ptr %12, align 8, !tbaa !8
  store ptr %3, ptr %13, align 8, !tbaa !4
  store ptr %4, ptr %14, align 8, !tbaa !4
  store i64 %5, ptr %15, align 8, !tbaa !8
  store i64 %6, ptr %16, align 8, !tbaa !8
  store ptr %7, ptr %17, align 8, !tbaa !4
  store ptr %8, ptr %18, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  store i64 0, ptr %19, align 8, !tbaa !8
  br label %30

30:                                               ; preds = %158, %9
  %31 = load i64, ptr %19, align 8, !tbaa !8
  %32 = load i64, ptr %16, align 8, !tbaa !8
  %33 = icmp slt i64 %31, %32
  br i1 %33, label %35, label %34

34:                                               ; preds = %30
  store i32 2, ptr %20, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  br label %164

35:                                               ; preds = %30
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #8
  store i64 0, ptr %21, align 8, !tbaa !8
  br label %36

36:                                               ; preds = %45, %35
  %37 = load i64, ptr %21, align 8, !tbaa !8
  %38 = load i64, ptr %12, align 8, !tbaa !8
  %39 = icmp slt i64 %37, %38
  br i1 %39, label %41, label %40

40:                                               ; preds = %36
  store i32 5, ptr %20, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #8
  br label %48

41:                                               ; preds = %36
  %42 = load ptr, ptr %17, align 8, !tbaa !4
  %43 = load i64, ptr %21, align 8, !tbaa !8
  %44 = getelementptr inbounds i32, ptr %42, i64 %43
  store i32 0, ptr %44, align 4, !tbaa !10
  br label %45

45:                                               ; preds = %41
  %46 = load i64, ptr %21, align 8, !tbaa !8
  %47 = add nsw i64 %46, 1
  store i64 %47, ptr %21, align 8, !tbaa !8
  br label %36, !llvm.loop !20

48:                                               ; preds = %40
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #8
  store i64 0, ptr %22, align 8, !tbaa !8
  br label %49

49:                                               ; preds = %136, %48
  %50 = load i64, ptr %22, align 8, !tbaa !8
  %51 = load i64, ptr %15, align 8, !tbaa !8
  %52 = icmp slt i64 %50, %51
  br i1 %52, label %54, label %53

53:                                               ; preds = %49
  store i32 8, ptr %20, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #8
  br label %139

54:                                               ; preds = %49
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  %55 = load ptr, ptr %10, align 8, !tbaa !4
  %56 = load ptr, ptr %13, align 8, !tbaa !4
  %57 = load i64, ptr %19, align 8, !tbaa !8
  %58 = getelementptr inbounds i32, ptr %56, i64 %57
  %59 = load i32, ptr %58, align 4, !tbaa !10
  %60 = sext i32 %59 to i64
  %61 = load i64, ptr %22, align 8, !tbaa !8
  %62 = add nsw i64 %60, %61
  %63 = load i64, ptr %11, align 8, !tbaa !8
  %64 = mul nsw i64 %62, %63
  %65 = getelementptr inbounds i8, ptr %55, i64 %64
  store ptr %65, ptr %23, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %24) #8
  %66 = load ptr, ptr %23, align 8, !tbaa !4
  %67 = load i64, ptr %11, align 8, !tbaa !8
  %68 = getelementptr inbounds i8, ptr %66, i64 %67
  store ptr %68, ptr %24, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %25) #8
  %69 = load ptr, ptr %24, align 8, !tbaa !4
  %70 = load i64, ptr %11, align 8, !tbaa !8
  %71 = getelementptr inbounds i8, ptr %69, i64 %70
  store ptr %71, ptr %25, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %26) #8
  %72 = load ptr, ptr %25, align 8, !tbaa !4
  %73 = load i64, ptr %11, align 8, !tbaa !8
  %74 = getelementptr inbounds i8, ptr %72, i64 %73
  store ptr %74, ptr %26, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %27) #8
  %75 = load ptr, ptr %14, align 8, !tbaa !4
  %76 = load i64, ptr %19, align 8, !tbaa !8
  %77 = load i64, ptr %15, align 8, !tbaa !8
  %78 = mul nsw i64 %76, %77
  %79 = getelementptr inbounds i32, ptr %75, i64 %78
  %80 = load i64, ptr %22, align 8, !tbaa !8
  %81 = getelementptr inbounds i32, ptr %79, i64 %80
  store ptr %81, ptr %27, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %28) #8
  store i64 0, ptr %28, align 8, !tbaa !8
  br label %82

82:                                               ; preds = %132, %54
  %83 = load i64, ptr %28, align 8, !tbaa !8
  %84 = load i64, ptr %12, align 8, !tbaa !8
  %85 = icmp slt i64 %83, %84
  br i1 %85, label %87, label %86

86:                                               ; preds = %82
  store i32 11, ptr %20, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %28) #8
  br label %135

87:                                               ; preds = %82
  %88 = load ptr, ptr %23, align 8, !tbaa !4
  %89 = load i64, ptr %28, align 8, !tbaa !8
  %90 = getelementptr inbounds i8, ptr %88, i64 %89
  %91 = load i8, ptr %90, align 1, !tbaa !12
  %92 = zext i8 %91 to i32
  %93 = load ptr, ptr %27, align 8, !tbaa !4
  %94 = getelementptr inbounds i32, ptr %93, i64 0
  %95 = load i32, ptr %94, align 4, !tbaa !10
  %96 = mul nsw i32 %92, %95
  %97 = load ptr, ptr %24, align 8, !tbaa !4
  %98 = load i64, ptr %28, align 8, !tbaa !8
  %99 = getelementptr inbounds i8, ptr %97, i64 %98
  %100 = load i8, ptr %99, align 1, !tbaa !12
  %101 = zext i8 %100 to i32
  %102 = load ptr, ptr %27, align 8, !tbaa !4
  %103 = getelementptr inbounds i32, ptr %102, i64 1
  %104 = load i32, ptr %103, align 4, !tbaa !10
  %105 = mul nsw i32 %101, %104
  %106 = add nsw i32 %96, %105
  %107 = load ptr, ptr %25, align 8, !tbaa !4
  %108 = load i64, ptr %28, align 8, !tbaa !8
  %109 = getelementptr inbounds i8, ptr %107, i64 %108
  %110 = load i8, ptr %109, align 1, !tbaa !12
  %111 = zext i8 %110 to i32
  %112 = load ptr, ptr %27, align 8, !tbaa !4
  %113 = getelementptr inbounds i32, ptr %112, i64 2
  %114 = load i32, ptr %113, align 4, !tbaa !10
  %115 = mul nsw i32 %111, %114
  %116 = add nsw i32 %106, %115
  %117 = load ptr, ptr %26, align 8, !tbaa !4
  %118 = load i64, ptr %28, align 8, !tbaa !8
  %119 = getelementptr inbounds i8, ptr %117, i64 %118
  %120 = load i8, ptr %119, align 1, !tbaa !12
  %121 = zext i8 %120 to i32
  %122 = load ptr, ptr %27, align 8, !tbaa !4
  %123 = getelementptr inbounds i32, ptr %122, i64 3
  %124 = load i32, ptr %123, align 4, !tbaa !10
  %125 = mul nsw i32 %121, %124
  %126 = add nsw i32 %116, %125
  %127 = load ptr, ptr %17, align 8, !tbaa !4
  %128 = load i64, ptr %28, align 8, !tbaa !8
  %129 = getelementptr inbounds i32, ptr %127, i64 %128
  %130 = load i32, ptr %129, align 4, !tbaa !10
  %131 = add nsw i32 %130, %126
  store i32 %131, ptr %129, align 4, !tbaa !10
  br label %132

132:                                              ; preds = %87
  %133 = load i64, ptr %28, align 8, !tbaa !8
  %134 = add nsw i64 %133, 1
  store i64 %134, ptr %28, align 8, !tbaa !8
  br label %82, !llvm.loop !21

135:                                              ; preds = %86
  call void @llvm.lifetime.end.p0(i64 8, ptr %27) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %26) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %25) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %24) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %136

136:                                              ; preds = %135
  %137 = load i64, ptr %22, align 8, !tbaa !8
  %138 = add nsw i64 %137, 4
  store i64 %138, ptr %22, align 8, !tbaa !8
  br label %49, !llvm.loop !22

139:                                              ; preds = %53
  call void @llvm.lifetime.start.p0(i64 8, ptr %29) #8
  store i64 0, ptr %29, align 8, !tbaa !8
  br label %140

140:                                              ; preds = %154, %139
  %141 = load i64, ptr %29, align 8, !tbaa !8
  %142 = load i64, ptr %12, align 8, !tbaa !8
  %143 = icmp slt i64 %141, %142
  br i1 %143, label %145, label %144

144:                                              ; preds = %140
  store i32 14, ptr %20, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %29) #8
  br label %157

145:                                              ; preds = %140
  %146 = load ptr, ptr %17, align 8, !tbaa !4
  %147 = load i64, ptr %29, align 8, !tbaa !8
  %148 = getelementptr inbounds i32, ptr %146, i64 %147
  %149 = load i32, ptr %148, align 4, !tbaa !10
  %150 = call zeroext i8 @level(i32 noundef %149) #9
  %151 = load ptr, ptr %18, align 8, !tbaa !4
  %152 = load i64, ptr %29, align 8, !tbaa !8
  %153 = getelementptr inbounds i8, ptr %151, i64 %152
  store i8 %150, ptr %153, align 1, !tbaa !12
  br label %154

154:                                              ; preds = %145
  %155 = load i64, ptr %29, align 8, !tbaa !8
  %156 = add nsw i64 %155, 1
  store i64 %156, ptr %29, align 8, !tbaa !8
  br label %140, !llvm.loop !23

157:                                              ; preds = %144
  br label %158

158:                                              ; preds = %157
  %159 = load i64, ptr %19, align 8, !tbaa !8
  %160 = add nsw i64 %159, 1
  store i64 %160, ptr %19, align 8, !tbaa !8
  %161 = load i64, ptr %12, align 8, !tbaa !8
  %162 = load ptr, ptr %18, align 8, !tbaa !4
  %163 = getelementptr inbounds i8, ptr %162, i64 %161
  store ptr %163, ptr %18, align 8, !tbaa !4
  br label %30, !llvm.loop !24

164:                                              ; preds = %34
  ret void
}

; Function Attrs: nounwind
define dso_local void @sums(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4) #0 {
  %6 = alloca ptr, align 8
  %7 = alloca i64, align 8
  %8 = alloca i64, align 8
  %9 = alloca i64, align 8
  %10 = alloca ptr, align 8
  %11 = alloca i64, align 8
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca i64, align 8
  %15 = alloca i64, align 8
  %16 = alloca i32, align 4
  %17 = alloca ptr, align 8
  %18 = alloca i64, align 8
  %19 = alloca i64, align 8
  %20 = alloca i32, align 4
  %21 = alloca i32, align 4
  %22 = alloca i64, align 8
  store ptr %0, ptr %6, align 8, !tbaa !4
  store i64 %1, ptr %7, align 8, !tbaa !8
  store i64 %2, ptr %8, align 8, !tbaa !8
  store i64 %3, ptr %9, align 8, !tbaa !8
  store ptr %4, ptr %10, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %11) #8
  store i64 0, ptr %11, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %12) #8
  store i64 0, ptr %12, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %13) #8
  store i64 0, ptr %13, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %14) #8
  store i64 0, ptr %14, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %15) #8
  store i64 0, ptr %15, align 8, !tbaa !8
  br label %23

23:                                               ; preds = %125, %5
  %24 = load i64, ptr %15, align 8, !tbaa !8
  %25 = load i64, ptr %8, align 8, !tbaa !8
  %26 = icmp slt i64 %24, %25
  br i1 %26, label %28, label %27

27:                                               ; preds = %23
  store i32 2, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %15) #8
  br label %128

28:                                               ; preds = %23
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #8
  %29 = load ptr, ptr %6, align 8, !tbaa !4
  %30 = load i64, ptr %15, align 8, !tbaa !8
  %31 = load i64, ptr %7, align 8, !tbaa !8
  %32 = mul nsw i64 %30, %31
  %33 = getelementptr inbounds i8, ptr %29, i64 %32
  store ptr %33, ptr %17, align 8, !tbaa !4
  %34 = load ptr, ptr %17, align 8, !tbaa !4
  %35 = load i64, ptr %15, align 8, !tbaa !8
  %36 = icmp ne i64 %35, 0
  br i1 %36, label %37, label %42

37:                                               ; preds = %28
  %38 = load ptr, ptr %17, align 8, !tbaa !4
  %39 = load i64, ptr %7, align 8, !tbaa !8
  %40 = sub i64 0, %39
  %41 = getelementptr inbounds i8, ptr %38, i64 %40
  br label %46

42:                                               ; preds = %28
  %43 = load ptr, ptr %17, align 8, !tbaa !4
  %44 = load i64, ptr %7, align 8, !tbaa !8
  %45 = getelementptr inbounds i8, ptr %43, i64 %44
  br label %46

46:                                               ; preds = %42, %37
  %47 = phi ptr [ %41, %37 ], [ %45, %42 ]
  %48 = load i64, ptr %15, align 8, !tbaa !8
  %49 = add nsw i64 %48, 1
  %50 = load i64, ptr %8, align 8, !tbaa !8
  %51 = icmp slt i64 %49, %50
  br i1 %51, label %52, label %56

52:                                               ; preds = %46
  %53 = load ptr, ptr %17, align 8, !tbaa !4
  %54 = load i64, ptr %7, align 8, !tbaa !8
  %55 = getelementptr inbounds i8, ptr %53, i64 %54
  br label %61

56:                                               ; preds = %46
  %57 = load ptr, ptr %17, align 8, !tbaa !4
  %58 = load i64, ptr %7, align 8, !tbaa !8
  %59 = sub i64 0, %58
  %60 = getelementptr inbounds i8, ptr %57, i64 %59
  br label %61

61:                                               ; preds = %56, %52
  %62 = phi ptr [ %55, %52 ], [ %60, %56 ]
  %63 = load i64, ptr %9, align 8, !tbaa !8
  %64 = load i64, ptr %9, align 8, !tbaa !8
  call void @edges(ptr noundef %34, ptr noundef %47, ptr noundef %62, i64 noundef %63, i64 noundef 0, i64 noundef %64, ptr noundef %13, ptr noundef %14) #9
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #8
  store i64 0, ptr %18, align 8, !tbaa !8
  br label %65

65:                                               ; preds = %121, %61
  %66 = load i64, ptr %18, align 8, !tbaa !8
  %67 = load i64, ptr %9, align 8, !tbaa !8
  %68 = icmp slt i64 %66, %67
  br i1 %68, label %70, label %69

69:                                               ; preds = %65
  store i32 5, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #8
  br label %124

70:                                               ; preds = %65
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  %71 = load i64, ptr %18, align 8, !tbaa !8
  %72 = add nsw i64 %71, 1024
  %73 = load i64, ptr %9, align 8, !tbaa !8
  %74 = icmp slt i64 %72, %73
  br i1 %74, label %75, label %78

75:                                               ; preds = %70
  %76 = load i64, ptr %18, align 8, !tbaa !8
  %77 = add nsw i64 %76, 1024
  br label %80

78:                                               ; preds = %70
  %79 = load i64, ptr %9, align 8, !tbaa !8
  br label %80

80:                                               ; preds = %78, %75
  %81 = phi i64 [ %77, %75 ], [ %79, %78 ]
  store i64 %81, ptr %19, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 4, ptr %20) #8
  store i32 0, ptr %20, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 4, ptr %21) #8
  store i32 0, ptr %21, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #8
  %82 = load i64, ptr %18, align 8, !tbaa !8
  store i64 %82, ptr %22, align 8, !tbaa !8
  br label %83

83:                                               ; preds = %109, %80
  %84 = load i64, ptr %22, align 8, !tbaa !8
  %85 = load i64, ptr %19, align 8, !tbaa !8
  %86 = icmp slt i64 %84, %85
  br i1 %86, label %88, label %87

87:                                               ; preds = %83
  store i32 8, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #8
  br label %112

88:                                               ; preds = %83
  %89 = load ptr, ptr %17, align 8, !tbaa !4
  %90 = load i64, ptr %22, align 8, !tbaa !8
  %91 = getelementptr inbounds i8, ptr %89, i64 %90
  %92 = load i8, ptr %91, align 1, !tbaa !12
  %93 = zext i8 %92 to i32
  %94 = load i32, ptr %20, align 4, !tbaa !10
  %95 = add nsw i32 %94, %93
  store i32 %95, ptr %20, align 4, !tbaa !10
  %96 = load ptr, ptr %17, align 8, !tbaa !4
  %97 = load i64, ptr %22, align 8, !tbaa !8
  %98 = getelementptr inbounds i8, ptr %96, i64 %97
  %99 = load i8, ptr %98, align 1, !tbaa !12
  %100 = zext i8 %99 to i32
  %101 = load ptr, ptr %17, align 8, !tbaa !4
  %102 = load i64, ptr %22, align 8, !tbaa !8
  %103 = getelementptr inbounds i8, ptr %101, i64 %102
  %104 = load i8, ptr %103, align 1, !tbaa !12
  %105 = zext i8 %104 to i32
  %106 = mul nsw i32 %100, %105
  %107 = load i32, ptr %21, align 4, !tbaa !10
  %108 = add nsw i32 %107, %106
  store i32 %108, ptr %21, align 4, !tbaa !10
  br label %109

109:                                              ; preds = %88
  %110 = load i64, ptr %22, align 8, !tbaa !8
  %111 = add nsw i64 %110, 1
  store i64 %111, ptr %22, align 8, !tbaa !8
  br label %83, !llvm.loop !25

112:                                              ; preds = %87
  %113 = load i32, ptr %20, align 4, !tbaa !10
  %114 = sext i32 %113 to i64
  %115 = load i64, ptr %11, align 8, !tbaa !8
  %116 = add nsw i64 %115, %114
  store i64 %116, ptr %11, align 8, !tbaa !8
  %117 = load i32, ptr %21, align 4, !tbaa !10
  %118 = sext i32 %117 to i64
  %119 = load i64, ptr %12, align 8, !tbaa !8
  %120 = add nsw i64 %119, %118
  store i64 %120, ptr %12, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 4, ptr %21) #8
  call void @llvm.lifetime.end.p0(i64 4, ptr %20) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  br label %121

121:                                              ; preds = %112
  %122 = load i64, ptr %18, align 8, !tbaa !8
  %123 = add nsw i64 %122, 1024
  store i64 %123, ptr %18, align 8, !tbaa !8
  br label %65, !llvm.loop !26

124:                                              ; preds = %69
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #8
  br label %125

125:                                              ; preds = %124
  %126 = load i64, ptr %15, align 8, !tbaa !8
  %127 = add nsw i64 %126, 1
  store i64 %127, ptr %15, align 8, !tbaa !8
  br label %23, !llvm.loop !27

128:                                              ; preds = %27
  %129 = load i64, ptr %11, align 8, !tbaa !8
  %130 = load ptr, ptr %10, align 8, !tbaa !4
  %131 = getelementptr inbounds i64, ptr %130, i64 0
  store i64 %129, ptr %131, align 8, !tbaa !8
  %132 = load i64, ptr %12, align 8, !tbaa !8
  %133 = load ptr, ptr %10, align 8, !tbaa !4
  %134 = getelementptr inbounds i64, ptr %133, i64 1
  store i64 %132, ptr %134, align 8, !tbaa !8
  %135 = load i64, ptr %13, align 8, !tbaa !8
  %136 = load ptr, ptr %10, align 8, !tbaa !4
  %137 = getelementptr inbounds i64, ptr %136, i64 2
  store i64 %135, ptr %137, align 8, !tbaa !8
  %138 = load i64, ptr %14, align 8, !tbaa !8
  %139 = load ptr, ptr %10, align 8, !tbaa !4
  %140 = getelementptr inbounds i64, ptr %139, i64 3
  store i64 %138, ptr %140, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 8, ptr %14) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %13) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %12) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %11) #8
  ret void
}

; Function Attrs: inlinehint nounwind
define internal void @edges(ptr noundef %0, ptr noundef %1, ptr noundef %2, i64 noundef %3, i64 noundef %4, i64 noundef %5, ptr noundef %6, ptr noundef %7) #3 {
  %9 = alloca ptr, align 8
  %10 = alloca ptr, align 8
  %11 = alloca ptr, align 8
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca i64, align 8
  %15 = alloca ptr, align 8
  %16 = alloca ptr, align 8
  %17 = alloca i64, align 8
  %18 = alloca i32, align 4
  %19 = alloca i64, align 8
  %20 = alloca i64, align 8
  %21 = alloca i32, align 4
  %22 = alloca i64, align 8
  %23 = alloca i32, align 4
  %24 = alloca i32, align 4
  %25 = alloca i64, align 8
  %26 = alloca i16, align 2
  store ptr %0, ptr %9, align 8, !tbaa !4
  store ptr %1, ptr %10, align 8, !tbaa !4
  store ptr %2, ptr %11, align 8, !tbaa !4
  store i64 %3, ptr %12, align 8, !tbaa !8
  store i64 %4, ptr %13, align 8, !tbaa !8
  store i64 %5, ptr %14, align 8, !tbaa !8
  store ptr %6, ptr %15, align 8, !tbaa !4
  store ptr %7, ptr %16, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #8
  store i64 0, ptr %17, align 8, !tbaa !8
  br label %27

27:                                               ; preds = %97, %8
  %28 = load i64, ptr %17, align 8, !tbaa !8
  %29 = icmp slt i64 %28, 2
  br i1 %29, label %31, label %30

30:                                               ; preds = %27
  store i32 2, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #8
  br label %100

31:                                               ; preds = %27
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  %32 = load i64, ptr %17, align 8, !tbaa !8
  %33 = icmp ne i64 %32, 0
  br i1 %33, label %34, label %37

34:                                               ; preds = %31
  %35 = load i64, ptr %12, align 8, !tbaa !8
  %36 = sub nsw i64 %35, 1
  br label %38

37:                                               ; preds = %31
  br label %38

38:                                               ; preds = %37, %34
  %39 = phi i64 [ %36, %34 ], [ 0, %37 ]
  store i64 %39, ptr %19, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  %40 = load i64, ptr %17, align 8, !tbaa !8
  %41 = icmp ne i64 %40, 0
  br i1 %41, label %42, label %45

42:                                               ; preds = %38
  %43 = load i64, ptr %12, align 8, !tbaa !8
  %44 = sub nsw i64 %43, 2
  br label %46

45:                                               ; preds = %38
  br label %46

46:                                               ; preds = %45, %42
  %47 = phi i64 [ %44, %42 ], [ 1, %45 ]
  store i64 %47, ptr %20, align 8, !tbaa !8
  %48 = load i64, ptr %19, align 8, !tbaa !8
  %49 = load i64, ptr %13, align 8, !tbaa !8
  %50 = icmp slt i64 %48, %49
  br i1 %50, label %55, label %51

51:                                               ; preds = %46
  %52 = load i64, ptr %19, align 8, !tbaa !8
  %53 = load i64, ptr %14, align 8, !tbaa !8
  %54 = icmp sge i64 %52, %53
  br i1 %54, label %55, label %56

55:                                               ; preds = %51, %46
  store i32 4, ptr %18, align 4
  br label %94

56:                                               ; preds = %51
  call void @llvm.lifetime.start.p0(i64 4, ptr %21) #8
  %57 = load ptr, ptr %10, align 8, !tbaa !4
  %58 = load i64, ptr %19, align 8, !tbaa !8
  %59 = getelementptr inbounds i8, ptr %57, i64 %58
  %60 = load i8, ptr %59, align 1, !tbaa !12
  %61 = zext i8 %60 to i32
  %62 = load ptr, ptr %11, align 8, !tbaa !4
  %63 = load i64, ptr %19, align 8, !tbaa !8
  %64 = getelementptr inbounds i8, ptr %62, i64 %63
  %65 = load i8, ptr %64, align 1, !tbaa !12
  %66 = zext i8 %65 to i32
  %67 = add nsw i32 %61, %66
  %68 = load ptr, ptr %9, align 8, !tbaa !4
  %69 = load i64, ptr %20, align 8, !tbaa !8
  %70 = getelementptr inbounds i8, ptr %68, i64 %69
  %71 = load i8, ptr %70, align 1, !tbaa !12
  %72 = zext i8 %71 to i32
  %73 = mul nsw i32 2, %72
  %74 = add nsw i32 %67, %73
  %75 = load ptr, ptr %9, align 8, !tbaa !4
  %76 = load i64, ptr %19, align 8, !tbaa !8
  %77 = getelementptr inbounds i8, ptr %75, i64 %76
  %78 = load i8, ptr %77, align 1, !tbaa !12
  %79 = zext i8 %78 to i32
  %80 = mul nsw i32 4, %79
  %81 = sub nsw i32 %74, %80
  store i32 %81, ptr %21, align 4, !tbaa !10
  %82 = load i32, ptr %21, align 4, !tbaa !10
  %83 = sext i32 %82 to i64
  %84 = load ptr, ptr %15, align 8, !tbaa !4
  %85 = load i64, ptr %84, align 8, !tbaa !8
  %86 = add nsw i64 %85, %83
  store i64 %86, ptr %84, align 8, !tbaa !8
  %87 = load i32, ptr %21, align 4, !tbaa !10
  %88 = load i32, ptr %21, align 4, !tbaa !10
  %89 = mul nsw i32 %87, %88
  %90 = sext i32 %89 to i64
  %91 = load ptr, ptr %16, align 8, !tbaa !4
  %92 = load i64, ptr %91, align 8, !tbaa !8
  %93 = add nsw i64 %92, %90
  store i64 %93, ptr %91, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 4, ptr %21) #8
  store i32 0, ptr %18, align 4
  br label %94

94:                                               ; preds = %56, %55
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  %95 = load i32, ptr %18, align 4
  switch i32 %95, label %197 [
    i32 0, label %96
    i32 4, label %97
  ]

96:                                               ; preds = %94
  br label %97

97:                                               ; preds = %96, %94
  %98 = load i64, ptr %17, align 8, !tbaa !8
  %99 = add nsw i64 %98, 1
  store i64 %99, ptr %17, align 8, !tbaa !8
  br label %27, !llvm.loop !28

100:                                              ; preds = %30
  %101 = load i64, ptr %13, align 8, !tbaa !8
  %102 = icmp eq i64 %101, 0
  br i1 %102, label %103, label %104

103:                                              ; preds = %100
  store i64 1, ptr %13, align 8, !tbaa !8
  br label %104

104:                                              ; preds = %103, %100
  %105 = load i64, ptr %14, align 8, !tbaa !8
  %106 = load i64, ptr %12, align 8, !tbaa !8
  %107 = icmp eq i64 %105, %106
  br i1 %107, label %108, label %111

108:                                              ; preds = %104
  %109 = load i64, ptr %12, align 8, !tbaa !8
  %110 = sub nsw i64 %109, 1
  store i64 %110, ptr %14, align 8, !tbaa !8
  br label %111

111:                                              ; preds = %108, %104
  br label %112

112:                                              ; preds = %193, %111
  %113 = load i64, ptr %13, align 8, !tbaa !8
  %114 = load i64, ptr %14, align 8, !tbaa !8
  %115 = icmp slt i64 %113, %114
  br i1 %115, label %116, label %196

116:                                              ; preds = %112
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #8
  %117 = load i64, ptr %13, align 8, !tbaa !8
  %118 = add nsw i64 %117, 1024
  %119 = load i64, ptr %14, align 8, !tbaa !8
  %120 = icmp slt i64 %118, %119
  br i1 %120, label %121, label %124

121:                                              ; preds = %116
  %122 = load i64, ptr %13, align 8, !tbaa !8
  %123 = add nsw i64 %122, 1024
  br label %126

124:                                              ; preds = %116
  %125 = load i64, ptr %14, align 8, !tbaa !8
  br label %126

126:                                              ; preds = %124, %121
  %127 = phi i64 [ %123, %121 ], [ %125, %124 ]
  store i64 %127, ptr %22, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 4, ptr %23) #8
  store i32 0, ptr %23, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 4, ptr %24) #8
  store i32 0, ptr %24, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 8, ptr %25) #8
  %128 = load i64, ptr %13, align 8, !tbaa !8
  store i64 %128, ptr %25, align 8, !tbaa !8
  br label %129

129:                                              ; preds = %179, %126
  %130 = load i64, ptr %25, align 8, !tbaa !8
  %131 = load i64, ptr %22, align 8, !tbaa !8
  %132 = icmp slt i64 %130, %131
  br i1 %132, label %134, label %133

133:                                              ; preds = %129
  store i32 8, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %25) #8
  br label %182

134:                                              ; preds = %129
  call void @llvm.lifetime.start.p0(i64 2, ptr %26) #8
  %135 = load ptr, ptr %10, align 8, !tbaa !4
  %136 = load i64, ptr %25, align 8, !tbaa !8
  %137 = getelementptr inbounds i8, ptr %135, i64 %136
  %138 = load i8, ptr %137, align 1, !tbaa !12
  %139 = zext i8 %138 to i32
  %140 = load ptr, ptr %11, align 8, !tbaa !4
  %141 = load i64, ptr %25, align 8, !tbaa !8
  %142 = getelementptr inbounds i8, ptr %140, i64 %141
  %143 = load i8, ptr %142, align 1, !tbaa !12
  %144 = zext i8 %143 to i32
  %145 = add nsw i32 %139, %144
  %146 = load ptr, ptr %9, align 8, !tbaa !4
  %147 = load i64, ptr %25, align 8, !tbaa !8
  %148 = sub nsw i64 %147, 1
  %149 = getelementptr inbounds i8, ptr %146, i64 %148
  %150 = load i8, ptr %149, align 1, !tbaa !12
  %151 = zext i8 %150 to i32
  %152 = add nsw i32 %145, %151
  %153 = load ptr, ptr %9, align 8, !tbaa !4
  %154 = load i64, ptr %25, align 8, !tbaa !8
  %155 = add nsw i64 %154, 1
  %156 = getelementptr inbounds i8, ptr %153, i64 %155
  %157 = load i8, ptr %156, align 1, !tbaa !12
  %158 = zext i8 %157 to i32
  %159 = add nsw i32 %152, %158
  %160 = load ptr, ptr %9, align 8, !tbaa !4
  %161 = load i64, ptr %25, align 8, !tbaa !8
  %162 = getelementptr inbounds i8, ptr %160, i64 %161
  %163 = load i8, ptr %162, align 1, !tbaa !12
  %164 = zext i8 %163 to i32
  %165 = mul nsw i32 4, %164
  %166 = sub nsw i32 %159, %165
  %167 = trunc i32 %166 to i16
  store i16 %167, ptr %26, align 2, !tbaa !29
  %168 = load i16, ptr %26, align 2, !tbaa !29
  %169 = sext i16 %168 to i32
  %170 = load i32, ptr %23, align 4, !tbaa !10
  %171 = add nsw i32 %170, %169
  store i32 %171, ptr %23, align 4, !tbaa !10
  %172 = load i16, ptr %26, align 2, !tbaa !29
  %173 = sext i16 %172 to i32
  %174 = load i16, ptr %26, align 2, !tbaa !29
  %175 = sext i16 %174 to i32
  %176 = mul nsw i32 %173, %175
  %177 = load i32, ptr %24, align 4, !tbaa !10
  %178 = add nsw i32 %177, %176
  store i32 %178, ptr %24, align 4, !tbaa !10
  call void @llvm.lifetime.end.p0(i64 2, ptr %26) #8
  br label %179

179:                                              ; preds = %134
  %180 = load i64, ptr %25, align 8, !tbaa !8
  %181 = add nsw i64 %180, 1
  store i64 %181, ptr %25, align 8, !tbaa !8
  br label %129, !llvm.loop !31

182:                                              ; preds = %133
  %183 = load i32, ptr %23, align 4, !tbaa !10
  %184 = sext i32 %183 to i64
  %185 = load ptr, ptr %15, align 8, !tbaa !4
  %186 = load i64, ptr %185, align 8, !tbaa !8
  %187 = add nsw i64 %186, %184
  store i64 %187, ptr %185, align 8, !tbaa !8
  %188 = load i32, ptr %24, align 4, !tbaa !10
  %189 = sext i32 %188 to i64
  %190 = load ptr, ptr %16, align 8, !tbaa !4
  %191 = load i64, ptr %190, align 8, !tbaa !8
  %192 = add nsw i64 %191, %189
  store i64 %192, ptr %190, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 4, ptr %24) #8
  call void @llvm.lifetime.end.p0(i64 4, ptr %23) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #8
  br label %193

193:                                              ; preds = %182
  %194 = load i64, ptr %13, align 8, !tbaa !8
  %195 = add nsw i64 %194, 1024
  store i64 %195, ptr %13, align 8, !tbaa !8
  br label %112, !llvm.loop !32

196:                                              ; preds = %112
  ret void

197:                                              ; preds = %94
  unreachable
}

; Function Attrs: nounwind
define dso_local void @tiles(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4, i64 noundef %5, ptr noundef %6, i64 noundef %7, ptr noundef %8) #0 {
  %10 = alloca ptr, align 8
  %11 = alloca i64, align 8
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca ptr, align 8
  %15 = alloca i64, align 8
  %16 = alloca ptr, align 8
  %17 = alloca i64, align 8
  %18 = alloca ptr, align 8
  %19 = alloca i64, align 8
  %20 = alloca i64, align 8
  %21 = alloca i32, align 4
  %22 = alloca ptr, align 8
  %23 = alloca i64, align 8
  %24 = alloca i64, align 8
  store ptr %0, ptr %10, align 8, !tbaa !4
  store i64 %1, ptr %11, align 8, !tbaa !8
  store i64 %2, ptr %12, align 8, !tbaa !8
  store i64 %3, ptr %13, align 8, !tbaa !8
  store ptr %4, ptr %14, align 8, !tbaa !4
  store i64 %5, ptr %15, align 8, !tbaa !8
  store ptr %6, ptr %16, align 8, !tbaa !4
  store i64 %7, ptr %17, align 8, !tbaa !8
  store ptr %8, ptr %18, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  store i64 0, ptr %19, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  store i64 0, ptr %20, align 8, !tbaa !8
  br label %25

25:                                               ; preds = %108, %9
  %26 = load i64, ptr %20, align 8, !tbaa !8
  %27 = load i64, ptr %15, align 8, !tbaa !8
  %28 = icmp slt i64 %26, %27
  br i1 %28, label %30, label %29

29:                                               ; preds = %25
  store i32 2, ptr %21, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  br label %115

30:                                               ; preds = %25
  br label %31

31:                                               ; preds = %104, %30
  %32 = load i64, ptr %19, align 8, !tbaa !8
  %33 = load ptr, ptr %14, align 8, !tbaa !4
  %34 = load i64, ptr %20, align 8, !tbaa !8
  %35 = getelementptr inbounds i32, ptr %33, i64 %34
  %36 = load i32, ptr %35, align 4, !tbaa !10
  %37 = sext i32 %36 to i64
  %38 = icmp slt i64 %32, %37
  br i1 %38, label %39, label %107

39:                                               ; preds = %31
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #8
  %40 = load ptr, ptr %10, align 8, !tbaa !4
  %41 = load i64, ptr %19, align 8, !tbaa !8
  %42 = load i64, ptr %11, align 8, !tbaa !8
  %43 = mul nsw i64 %41, %42
  %44 = getelementptr inbounds i8, ptr %40, i64 %43
  store ptr %44, ptr %22, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  store i64 0, ptr %23, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %24) #8
  store i64 0, ptr %24, align 8, !tbaa !8
  br label %45

45:                                               ; preds = %96, %39
  %46 = load i64, ptr %23, align 8, !tbaa !8
  %47 = load i64, ptr %17, align 8, !tbaa !8
  %48 = icmp slt i64 %46, %47
  br i1 %48, label %50, label %49

49:                                               ; preds = %45
  store i32 8, ptr %21, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %24) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %103

50:                                               ; preds = %45
  %51 = load ptr, ptr %22, align 8, !tbaa !4
  %52 = load i64, ptr %19, align 8, !tbaa !8
  %53 = icmp ne i64 %52, 0
  br i1 %53, label %54, label %59

54:                                               ; preds = %50
  %55 = load ptr, ptr %22, align 8, !tbaa !4
  %56 = load i64, ptr %11, align 8, !tbaa !8
  %57 = sub i64 0, %56
  %58 = getelementptr inbounds i8, ptr %55, i64 %57
  br label %63

59:                                               ; preds = %50
  %60 = load ptr, ptr %22, align 8, !tbaa !4
  %61 = load i64, ptr %11, align 8, !tbaa !8
  %62 = getelementptr inbounds i8, ptr %60, i64 %61
  br label %63

63:                                               ; preds = %59, %54
  %64 = phi ptr [ %58, %54 ], [ %62, %59 ]
  %65 = load i64, ptr %19, align 8, !tbaa !8
  %66 = add nsw i64 %65, 1
  %67 = load i64, ptr %12, align 8, !tbaa !8
  %68 = icmp slt i64 %66, %67
  br i1 %68, label %69, label %73

69:                                               ; preds = %63
  %70 = load ptr, ptr %22, align 8, !tbaa !4
  %71 = load i64, ptr %11, align 8, !tbaa !8
  %72 = getelementptr inbounds i8, ptr %70, i64 %71
  br label %78

73:                                               ; preds = %63
  %74 = load ptr, ptr %22, align 8, !tbaa !4
  %75 = load i64, ptr %11, align 8, !tbaa !8
  %76 = sub i64 0, %75
  %77 = getelementptr inbounds i8, ptr %74, i64 %76
  br label %78

78:                                               ; preds = %73, %69
  %79 = phi ptr [ %72, %69 ], [ %77, %73 ]
  %80 = load i64, ptr %13, align 8, !tbaa !8
  %81 = load i64, ptr %24, align 8, !tbaa !8
  %82 = load ptr, ptr %16, align 8, !tbaa !4
  %83 = load i64, ptr %23, align 8, !tbaa !8
  %84 = getelementptr inbounds i32, ptr %82, i64 %83
  %85 = load i32, ptr %84, align 4, !tbaa !10
  %86 = sext i32 %85 to i64
  %87 = load ptr, ptr %18, align 8, !tbaa !4
  %88 = load i64, ptr %23, align 8, !tbaa !8
  %89 = mul nsw i64 2, %88
  %90 = getelementptr inbounds i64, ptr %87, i64 %89
  %91 = load ptr, ptr %18, align 8, !tbaa !4
  %92 = load i64, ptr %23, align 8, !tbaa !8
  %93 = mul nsw i64 2, %92
  %94 = getelementptr inbounds i64, ptr %91, i64 %93
  %95 = getelementptr inbounds i64, ptr %94, i64 1
  call void @edges(ptr noundef %51, ptr noundef %64, ptr noundef %79, i64 noundef %80, i64 noundef %81, i64 noundef %86, ptr noundef %90, ptr noundef %95) #9
  br label %96

96:                                               ; preds = %78
  %97 = load ptr, ptr %16, align 8, !tbaa !4
  %98 = load i64, ptr %23, align 8, !tbaa !8
  %99 = add nsw i64 %98, 1
  store i64 %99, ptr %23, align 8, !tbaa !8
  %100 = getelementptr inbounds i32, ptr %97, i64 %98
  %101 = load i32, ptr %100, align 4, !tbaa !10
  %102 = sext i32 %101 to i64
  store i64 %102, ptr %24, align 8, !tbaa !8
  br label %45, !llvm.loop !33

103:                                              ; preds = %49
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #8
  br label %104

104:                                              ; preds = %103
  %105 = load i64, ptr %19, align 8, !tbaa !8
  %106 = add nsw i64 %105, 1
  store i64 %106, ptr %19, align 8, !tbaa !8
  br label %31, !llvm.loop !34

107:                                              ; preds = %31
  br label %108

108:                                              ; preds = %107
  %109 = load i64, ptr %20, align 8, !tbaa !8
  %110 = add nsw i64 %109, 1
  store i64 %110, ptr %20, align 8, !tbaa !8
  %111 = load i64, ptr %17, align 8, !tbaa !8
  %112 = mul nsw i64 2, %111
  %113 = load ptr, ptr %18, align 8, !tbaa !4
  %114 = getelementptr inbounds i64, ptr %113, i64 %112
  store ptr %114, ptr %18, align 8, !tbaa !4
  br label %25, !llvm.loop !35

115:                                              ; preds = %29
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  ret void
}

; Function Attrs: nounwind
define dso_local void @varied(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, i64 noundef %4, i64 noundef %5, ptr noundef %6) #0 {
  %8 = alloca ptr, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca i64, align 8
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca ptr, align 8
  %15 = alloca i64, align 8
  %16 = alloca i32, align 4
  %17 = alloca i64, align 8
  %18 = alloca i64, align 8
  %19 = alloca i64, align 8
  %20 = alloca i64, align 8
  store ptr %0, ptr %8, align 8, !tbaa !4
  store i64 %1, ptr %9, align 8, !tbaa !8
  store i64 %2, ptr %10, align 8, !tbaa !8
  store i64 %3, ptr %11, align 8, !tbaa !8
  store i64 %4, ptr %12, align 8, !tbaa !8
  store i64 %5, ptr %13, align 8, !tbaa !8
  store ptr %6, ptr %14, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %15) #8
  store i64 0, ptr %15, align 8, !tbaa !8
  br label %21

21:                                               ; preds = %72, %7
  %22 = load i64, ptr %15, align 8, !tbaa !8
  %23 = load i64, ptr %10, align 8, !tbaa !8
  %24 = icmp slt i64 %22, %23
  br i1 %24, label %26, label %25

25:                                               ; preds = %21
  store i32 2, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %15) #8
  br label %78

26:                                               ; preds = %21
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #8
  store i64 0, ptr %17, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #8
  store i64 0, ptr %18, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  store i64 0, ptr %19, align 8, !tbaa !8
  br label %27

27:                                               ; preds = %48, %26
  %28 = load i64, ptr %19, align 8, !tbaa !8
  %29 = load i64, ptr %12, align 8, !tbaa !8
  %30 = icmp slt i64 %28, %29
  br i1 %30, label %32, label %31

31:                                               ; preds = %27
  store i32 5, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  br label %51

32:                                               ; preds = %27
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  %33 = load ptr, ptr %8, align 8, !tbaa !4
  %34 = load i64, ptr %19, align 8, !tbaa !8
  %35 = load i64, ptr %11, align 8, !tbaa !8
  %36 = mul nsw i64 %34, %35
  %37 = getelementptr inbounds i8, ptr %33, i64 %36
  %38 = load i8, ptr %37, align 1, !tbaa !12
  %39 = zext i8 %38 to i64
  store i64 %39, ptr %20, align 8, !tbaa !8
  %40 = load i64, ptr %20, align 8, !tbaa !8
  %41 = load i64, ptr %17, align 8, !tbaa !8
  %42 = add nsw i64 %41, %40
  store i64 %42, ptr %17, align 8, !tbaa !8
  %43 = load i64, ptr %20, align 8, !tbaa !8
  %44 = load i64, ptr %20, align 8, !tbaa !8
  %45 = mul nsw i64 %43, %44
  %46 = load i64, ptr %18, align 8, !tbaa !8
  %47 = add nsw i64 %46, %45
  store i64 %47, ptr %18, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  br label %48

48:                                               ; preds = %32
  %49 = load i64, ptr %19, align 8, !tbaa !8
  %50 = add nsw i64 %49, 1
  store i64 %50, ptr %19, align 8, !tbaa !8
  br label %27, !llvm.loop !36

51:                                               ; preds = %31
  %52 = load i64, ptr %12, align 8, !tbaa !8
  %53 = load i64, ptr %18, align 8, !tbaa !8
  %54 = mul nsw i64 %52, %53
  %55 = load i64, ptr %17, align 8, !tbaa !8
  %56 = load i64, ptr %17, align 8, !tbaa !8
  %57 = mul nsw i64 %55, %56
  %58 = sub nsw i64 %54, %57
  %59 = load i64, ptr %13, align 8, !tbaa !8
  %60 = load i64, ptr %13, align 8, !tbaa !8
  %61 = mul nsw i64 %59, %60
  %62 = load i64, ptr %12, align 8, !tbaa !8
  %63 = mul nsw i64 %61, %62
  %64 = load i64, ptr %12, align 8, !tbaa !8
  %65 = mul nsw i64 %63, %64
  %66 = icmp sgt i64 %58, %65
  %67 = zext i1 %66 to i32
  %68 = trunc i32 %67 to i8
  %69 = load ptr, ptr %14, align 8, !tbaa !4
  %70 = load i64, ptr %15, align 8, !tbaa !8
  %71 = getelementptr inbounds i8, ptr %69, i64 %70
  store i8 %68, ptr %71, align 1, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #8
  br label %72

72:                                               ; preds = %51
  %73 = load i64, ptr %15, align 8, !tbaa !8
  %74 = add nsw i64 %73, 1
  store i64 %74, ptr %15, align 8, !tbaa !8
  %75 = load i64, ptr %9, align 8, !tbaa !8
  %76 = load ptr, ptr %8, align 8, !tbaa !4
  %77 = getelementptr inbounds i8, ptr %76, i64 %75
  store ptr %77, ptr %8, align 8, !tbaa !4
  br label %21, !llvm.loop !37

78:                                               ; preds = %25
  ret void
}

; Function Attrs: nounwind
define dso_local i64 @spread(ptr noundef %0, i64 noundef %1) #0 {
  %3 = alloca ptr, align 8
  %4 = alloca i64, align 8
  %5 = alloca i64, align 8
  %6 = alloca i64, align 8
  %7 = alloca i8, align 1
  %8 = alloca i8, align 1
  store ptr %0, ptr %3, align 8, !tbaa !4
  store i64 %1, ptr %4, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %5) #8
  store i64 0, ptr %5, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %6) #8
  store i64 0, ptr %6, align 8, !tbaa !8
  br label %9

9:                                                ; preds = %97, %2
  %10 = load i64, ptr %6, align 8, !tbaa !8
  %11 = load i64, ptr %4, align 8, !tbaa !8
  %12 = icmp slt i64 %10, %11
  br i1 %12, label %14, label %13

13:                                               ; preds = %9
  call void @llvm.lifetime.end.p0(i64 8, ptr %6) #8
  br label %102

14:                                               ; preds = %9
  call void @llvm.lifetime.start.p0(i64 1, ptr %7) #8
  %15 = load ptr, ptr %3, align 8, !tbaa !4
  %16 = getelementptr inbounds i8, ptr %15, i64 0
  %17 = load i8, ptr %16, align 1, !tbaa !12
  %18 = zext i8 %17 to i32
  %19 = load ptr, ptr %3, align 8, !tbaa !4
  %20 = getelementptr inbounds i8, ptr %19, i64 1
  %21 = load i8, ptr %20, align 1, !tbaa !12
  %22 = zext i8 %21 to i32
  %23 = icmp sgt i32 %18, %22
  br i1 %23, label %24, label %29

24:                                               ; preds = %14
  %25 = load ptr, ptr %3, align 8, !tbaa !4
  %26 = getelementptr inbounds i8, ptr %25, i64 0
  %27 = load i8, ptr %26, align 1, !tbaa !12
  %28 = zext i8 %27 to i32
  br label %34

29:                                               ; preds = %14
  %30 = load ptr, ptr %3, align 8, !tbaa !4
  %31 = getelementptr inbounds i8, ptr %30, i64 1
  %32 = load i8, ptr %31, align 1, !tbaa !12
  %33 = zext i8 %32 to i32
  br label %34

34:                                               ; preds = %29, %24
  %35 = phi i32 [ %28, %24 ], [ %33, %29 ]
  %36 = trunc i32 %35 to i8
  store i8 %36, ptr %7, align 1, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 1, ptr %8) #8
  %37 = load ptr, ptr %3, align 8, !tbaa !4
  %38 = getelementptr inbounds i8, ptr %37, i64 0
  %39 = load i8, ptr %38, align 1, !tbaa !12
  %40 = zext i8 %39 to i32
  %41 = load ptr, ptr %3, align 8, !tbaa !4
  %42 = getelementptr inbounds i8, ptr %41, i64 1
  %43 = load i8, ptr %42, align 1, !tbaa !12
  %44 = zext i8 %43 to i32
  %45 = icmp slt i32 %40, %44
  br i1 %45, label %46, label %51

46:                                               ; preds = %34
  %47 = load ptr, ptr %3, align 8, !tbaa !4
  %48 = getelementptr inbounds i8, ptr %47, i64 0
  %49 = load i8, ptr %48, align 1, !tbaa !12
  %50 = zext i8 %49 to i32
  br label %56

51:                                               ; preds = %34
  %52 = load ptr, ptr %3, align 8, !tbaa !4
  %53 = getelementptr inbounds i8, ptr %52, i64 1
  %54 = load i8, ptr %53, align 1, !tbaa !12
  %55 = zext i8 %54 to i32
  br label %56

56:                                               ; preds = %51, %46
  %57 = phi i32 [ %50, %46 ], [ %55, %51 ]
  %58 = trunc i32 %57 to i8
  store i8 %58, ptr %8, align 1, !tbaa !12
  %59 = load ptr, ptr %3, align 8, !tbaa !4
  %60 = getelementptr inbounds i8, ptr %59, i64 2
  %61 = load i8, ptr %60, align 1, !tbaa !12
  %62 = zext i8 %61 to i32
  %63 = load i8, ptr %7, align 1, !tbaa !12
  %64 = zext i8 %63 to i32
  %65 = icmp sgt i32 %62, %64
  br i1 %65, label %66, label %71

66:                                               ; preds = %56
  %67 = load ptr, ptr %3, align 8, !tbaa !4
  %68 = getelementptr inbounds i8, ptr %67, i64 2
  %69 = load i8, ptr %68, align 1, !tbaa !12
  %70 = zext i8 %69 to i32
  br label %74

71:                                               ; preds = %56
  %72 = load i8, ptr %7, align 1, !tbaa !12
  %73 = zext i8 %72 to i32
  br label %74

74:                                               ; preds = %71, %66
  %75 = phi i32 [ %70, %66 ], [ %73, %71 ]
  %76 = load ptr, ptr %3, align 8, !tbaa !4
  %77 = getelementptr inbounds i8, ptr %76, i64 2
  %78 = load i8, ptr %77, align 1, !tbaa !12
  %79 = zext i8 %78 to i32
  %80 = load i8, ptr %8, align 1, !tbaa !12
  %81 = zext i8 %80 to i32
  %82 = icmp slt i32 %79, %81
  br i1 %82, label %83, label %88

83:                                               ; preds = %74
  %84 = load ptr, ptr %3, align 8, !tbaa !4
  %85 = getelementptr inbounds i8, ptr %84, i64 2
  %86 = load i8, ptr %85, align 1, !tbaa !12
  %87 = zext i8 %86 to i32
  br label %91

88:                                               ; preds = %74
  %89 = load i8, ptr %8, align 1, !tbaa !12
  %90 = zext i8 %89 to i32
  br label %91

91:                                               ; preds = %88, %83
  %92 = phi i32 [ %87, %83 ], [ %90, %88 ]
  %93 = sub nsw i32 %75, %92
  %94 = sext i32 %93 to i64
  %95 = load i64, ptr %5, align 8, !tbaa !8
  %96 = add nsw i64 %95, %94
  store i64 %96, ptr %5, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 1, ptr %8) #8
  call void @llvm.lifetime.end.p0(i64 1, ptr %7) #8
  br label %97

97:                                               ; preds = %91
  %98 = load i64, ptr %6, align 8, !tbaa !8
  %99 = add nsw i64 %98, 1
  store i64 %99, ptr %6, align 8, !tbaa !8
  %100 = load ptr, ptr %3, align 8, !tbaa !4
  %101 = getelementptr inbounds i8, ptr %100, i64 3
  store ptr %101, ptr %3, align 8, !tbaa !4
  br label %9, !llvm.loop !38

102:                                              ; preds = %13
  %103 = load i64, ptr %5, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 8, ptr %5) #8
  ret i64 %103
}

; Function Attrs: nounwind
define dso_local void @bits(ptr noundef %0, ptr noundef %1, ptr noundef %2, ptr noundef %3) #0 {
  %5 = alloca ptr, align 8
  %6 = alloca ptr, align 8
  %7 = alloca ptr, align 8
  %8 = alloca ptr, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca i64, align 8
  %12 = alloca i32, align 4
  %13 = alloca i64, align 8
  %14 = alloca [64 x double], align 16
  %15 = alloca [64 x double], align 16
  %16 = alloca i64, align 8
  %17 = alloca [32 x double], align 16
  %18 = alloca i64, align 8
  %19 = alloca i64, align 8
  %20 = alloca i64, align 8
  %21 = alloca double, align 8
  %22 = alloca i64, align 8
  %23 = alloca i64, align 8
  %24 = alloca i64, align 8
  %25 = alloca double, align 8
  %26 = alloca i64, align 8
  store ptr %0, ptr %5, align 8, !tbaa !4
  store ptr %1, ptr %6, align 8, !tbaa !4
  store ptr %2, ptr %7, align 8, !tbaa !4
  store ptr %3, ptr %8, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %9) #8
  store i64 0, ptr %9, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %10) #8
  store i64 0, ptr %10, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %11) #8
  store i64 0, ptr %11, align 8, !tbaa !8
  br label %27

27:                                               ; preds = %64, %4
  %28 = load i64, ptr %11, align 8, !tbaa !8
  %29 = icmp slt i64 %28, 8
  br i1 %29, label %31, label %30

30:                                               ; preds = %27
  store i32 2, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %11) #8
  br label %67

31:                                               ; preds = %27
  call void @llvm.lifetime.start.p0(i64 8, ptr %13) #8
  store i64 0, ptr %13, align 8, !tbaa !8
  br label %32

32:                                               ; preds = %60, %31
  %33 = load i64, ptr %13, align 8, !tbaa !8
  %34 = icmp slt i64 %33, 8
  br i1 %34, label %36, label %35

35:                                               ; preds = %32
  store i32 5, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %13) #8
  br label %63

36:                                               ; preds = %32
  %37 = load i64, ptr %9, align 8, !tbaa !8
  %38 = shl i64 %37, 1
  %39 = load ptr, ptr %5, align 8, !tbaa !4
  %40 = load i64, ptr %11, align 8, !tbaa !8
  %41 = mul nsw i64 9, %40
  %42 = load i64, ptr %13, align 8, !tbaa !8
  %43 = add nsw i64 %41, %42
  %44 = add nsw i64 %43, 1
  %45 = getelementptr inbounds i8, ptr %39, i64 %44
  %46 = load i8, ptr %45, align 1, !tbaa !12
  %47 = zext i8 %46 to i32
  %48 = load ptr, ptr %5, align 8, !tbaa !4
  %49 = load i64, ptr %11, align 8, !tbaa !8
  %50 = mul nsw i64 9, %49
  %51 = load i64, ptr %13, align 8, !tbaa !8
  %52 = add nsw i64 %50, %51
  %53 = getelementptr inbounds i8, ptr %48, i64 %52
  %54 = load i8, ptr %53, align 1, !tbaa !12
  %55 = zext i8 %54 to i32
  %56 = icmp sgt i32 %47, %55
  %57 = zext i1 %56 to i32
  %58 = sext i32 %57 to i64
  %59 = or i64 %38, %58
  store i64 %59, ptr %9, align 8, !tbaa !8
  br label %60

60:                                               ; preds = %36
  %61 = load i64, ptr %13, align 8, !tbaa !8
  %62 = add nsw i64 %61, 1
  store i64 %62, ptr %13, align 8, !tbaa !8
  br label %32, !llvm.loop !39

63:                                               ; preds = %35
  br label %64

64:                                               ; preds = %63
  %65 = load i64, ptr %11, align 8, !tbaa !8
  %66 = add nsw i64 %65, 1
  store i64 %66, ptr %11, align 8, !tbaa !8
  br label %27, !llvm.loop !40

67:                                               ; preds = %30
  call void @llvm.lifetime.start.p0(i64 512, ptr %14) #8
  call void @llvm.lifetime.start.p0(i64 512, ptr %15) #8
  call void @llvm.lifetime.start.p0(i64 8, ptr %16) #8
  store i64 0, ptr %16, align 8, !tbaa !8
  br label %68

68:                                               ; preds = %152, %67
  %69 = load i64, ptr %16, align 8, !tbaa !8
  %70 = icmp slt i64 %69, 8
  br i1 %70, label %72, label %71

71:                                               ; preds = %68
  store i32 8, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %16) #8
  br label %155

72:                                               ; preds = %68
  call void @llvm.lifetime.start.p0(i64 256, ptr %17) #8
  call void @llvm.memset.p0.i64(ptr align 16 %17, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #8
  store i64 0, ptr %18, align 8, !tbaa !8
  br label %73

73:                                               ; preds = %108, %72
  %74 = load i64, ptr %18, align 8, !tbaa !8
  %75 = icmp slt i64 %74, 32
  br i1 %75, label %77, label %76

76:                                               ; preds = %73
  store i32 11, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #8
  br label %111

77:                                               ; preds = %73
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #8
  store i64 0, ptr %19, align 8, !tbaa !8
  br label %78

78:                                               ; preds = %104, %77
  %79 = load i64, ptr %19, align 8, !tbaa !8
  %80 = icmp slt i64 %79, 32
  br i1 %80, label %82, label %81

81:                                               ; preds = %78
  store i32 14, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #8
  br label %107

82:                                               ; preds = %78
  %83 = load ptr, ptr %7, align 8, !tbaa !4
  %84 = load i64, ptr %16, align 8, !tbaa !8
  %85 = mul nsw i64 32, %84
  %86 = load i64, ptr %18, align 8, !tbaa !8
  %87 = add nsw i64 %85, %86
  %88 = getelementptr inbounds double, ptr %83, i64 %87
  %89 = load double, ptr %88, align 8, !tbaa !41
  %90 = load ptr, ptr %6, align 8, !tbaa !4
  %91 = load i64, ptr %18, align 8, !tbaa !8
  %92 = mul nsw i64 32, %91
  %93 = load i64, ptr %19, align 8, !tbaa !8
  %94 = add nsw i64 %92, %93
  %95 = getelementptr inbounds i8, ptr %90, i64 %94
  %96 = load i8, ptr %95, align 1, !tbaa !12
  %97 = zext i8 %96 to i32
  %98 = sitofp i32 %97 to double
  %99 = fmul double %89, %98
  %100 = load i64, ptr %19, align 8, !tbaa !8
  %101 = getelementptr inbounds [32 x double], ptr %17, i64 0, i64 %100
  %102 = load double, ptr %101, align 8, !tbaa !41
  %103 = fadd double %102, %99
  store double %103, ptr %101, align 8, !tbaa !41
  br label %104

104:                                              ; preds = %82
  %105 = load i64, ptr %19, align 8, !tbaa !8
  %106 = add nsw i64 %105, 1
  store i64 %106, ptr %19, align 8, !tbaa !8
  br label %78, !llvm.loop !43

107:                                              ; preds = %81
  br label %108

108:                                              ; preds = %107
  %109 = load i64, ptr %18, align 8, !tbaa !8
  %110 = add nsw i64 %109, 1
  store i64 %110, ptr %18, align 8, !tbaa !8
  br label %73, !llvm.loop !44

111:                                              ; preds = %76
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  store i64 0, ptr %20, align 8, !tbaa !8
  br label %112

112:                                              ; preds = %148, %111
  %113 = load i64, ptr %20, align 8, !tbaa !8
  %114 = icmp slt i64 %113, 8
  br i1 %114, label %116, label %115

115:                                              ; preds = %112
  store i32 17, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  br label %151

116:                                              ; preds = %112
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #8
  store double 0.000000e+00, ptr %21, align 8, !tbaa !41
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #8
  store i64 0, ptr %22, align 8, !tbaa !8
  br label %117

117:                                              ; preds = %135, %116
  %118 = load i64, ptr %22, align 8, !tbaa !8
  %119 = icmp slt i64 %118, 32
  br i1 %119, label %121, label %120

120:                                              ; preds = %117
  store i32 20, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #8
  br label %138

121:                                              ; preds = %117
  %122 = load i64, ptr %22, align 8, !tbaa !8
  %123 = getelementptr inbounds [32 x double], ptr %17, i64 0, i64 %122
  %124 = load double, ptr %123, align 8, !tbaa !41
  %125 = load ptr, ptr %7, align 8, !tbaa !4
  %126 = load i64, ptr %20, align 8, !tbaa !8
  %127 = mul nsw i64 32, %126
  %128 = load i64, ptr %22, align 8, !tbaa !8
  %129 = add nsw i64 %127, %128
  %130 = getelementptr inbounds double, ptr %125, i64 %129
  %131 = load double, ptr %130, align 8, !tbaa !41
  %132 = fmul double %124, %131
  %133 = load double, ptr %21, align 8, !tbaa !41
  %134 = fadd double %133, %132
  store double %134, ptr %21, align 8, !tbaa !41
  br label %135

135:                                              ; preds = %121
  %136 = load i64, ptr %22, align 8, !tbaa !8
  %137 = add nsw i64 %136, 1
  store i64 %137, ptr %22, align 8, !tbaa !8
  br label %117, !llvm.loop !45

138:                                              ; preds = %120
  %139 = load double, ptr %21, align 8, !tbaa !41
  %140 = fmul double %139, 1.000000e+06
  %141 = call double @llvm.rint.f64(double %140)
  %142 = fdiv double %141, 1.000000e+06
  %143 = load i64, ptr %16, align 8, !tbaa !8
  %144 = mul nsw i64 8, %143
  %145 = load i64, ptr %20, align 8, !tbaa !8
  %146 = add nsw i64 %144, %145
  %147 = getelementptr inbounds [64 x double], ptr %14, i64 0, i64 %146
  store double %142, ptr %147, align 8, !tbaa !41
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #8
  br label %148

148:                                              ; preds = %138
  %149 = load i64, ptr %20, align 8, !tbaa !8
  %150 = add nsw i64 %149, 1
  store i64 %150, ptr %20, align 8, !tbaa !8
  br label %112, !llvm.loop !46

151:                                              ; preds = %115
  call void @llvm.lifetime.end.p0(i64 256, ptr %17) #8
  br label %152

152:                                              ; preds = %151
  %153 = load i64, ptr %16, align 8, !tbaa !8
  %154 = add nsw i64 %153, 1
  store i64 %154, ptr %16, align 8, !tbaa !8
  br label %68, !llvm.loop !47

155:                                              ; preds = %71
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  store i64 0, ptr %23, align 8, !tbaa !8
  br label %156

156:                                              ; preds = %192, %155
  %157 = load i64, ptr %23, align 8, !tbaa !8
  %158 = icmp slt i64 %157, 64
  br i1 %158, label %160, label %159

159:                                              ; preds = %156
  store i32 23, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %195

160:                                              ; preds = %156
  call void @llvm.lifetime.start.p0(i64 8, ptr %24) #8
  %161 = load i64, ptr %23, align 8, !tbaa !8
  store i64 %161, ptr %24, align 8, !tbaa !8
  br label %162

162:                                              ; preds = %183, %160
  %163 = load i64, ptr %24, align 8, !tbaa !8
  %164 = icmp sgt i64 %163, 0
  br i1 %164, label %165, label %174

165:                                              ; preds = %162
  %166 = load i64, ptr %24, align 8, !tbaa !8
  %167 = sub nsw i64 %166, 1
  %168 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 %167
  %169 = load double, ptr %168, align 8, !tbaa !41
  %170 = load i64, ptr %23, align 8, !tbaa !8
  %171 = getelementptr inbounds [64 x double], ptr %14, i64 0, i64 %170
  %172 = load double, ptr %171, align 8, !tbaa !41
  %173 = fcmp ogt double %169, %172
  br label %174

174:                                              ; preds = %165, %162
  %175 = phi i1 [ false, %162 ], [ %173, %165 ]
  br i1 %175, label %176, label %186

176:                                              ; preds = %174
  %177 = load i64, ptr %24, align 8, !tbaa !8
  %178 = sub nsw i64 %177, 1
  %179 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 %178
  %180 = load double, ptr %179, align 8, !tbaa !41
  %181 = load i64, ptr %24, align 8, !tbaa !8
  %182 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 %181
  store double %180, ptr %182, align 8, !tbaa !41
  br label %183

183:                                              ; preds = %176
  %184 = load i64, ptr %24, align 8, !tbaa !8
  %185 = add nsw i64 %184, -1
  store i64 %185, ptr %24, align 8, !tbaa !8
  br label %162, !llvm.loop !48

186:                                              ; preds = %174
  %187 = load i64, ptr %23, align 8, !tbaa !8
  %188 = getelementptr inbounds [64 x double], ptr %14, i64 0, i64 %187
  %189 = load double, ptr %188, align 8, !tbaa !41
  %190 = load i64, ptr %24, align 8, !tbaa !8
  %191 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 %190
  store double %189, ptr %191, align 8, !tbaa !41
  call void @llvm.lifetime.end.p0(i64 8, ptr %24) #8
  br label %192

192:                                              ; preds = %186
  %193 = load i64, ptr %23, align 8, !tbaa !8
  %194 = add nsw i64 %193, 1
  store i64 %194, ptr %23, align 8, !tbaa !8
  br label %156, !llvm.loop !49

195:                                              ; preds = %159
  call void @llvm.lifetime.start.p0(i64 8, ptr %25) #8
  %196 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 31
  %197 = load double, ptr %196, align 8, !tbaa !41
  %198 = getelementptr inbounds [64 x double], ptr %15, i64 0, i64 32
  %199 = load double, ptr %198, align 16, !tbaa !41
  %200 = fadd double %197, %199
  %201 = fdiv double %200, 2.000000e+00
  store double %201, ptr %25, align 8, !tbaa !41
  call void @llvm.lifetime.start.p0(i64 8, ptr %26) #8
  store i64 0, ptr %26, align 8, !tbaa !8
  br label %202

202:                                              ; preds = %217, %195
  %203 = load i64, ptr %26, align 8, !tbaa !8
  %204 = icmp slt i64 %203, 64
  br i1 %204, label %206, label %205

205:                                              ; preds = %202
  store i32 29, ptr %12, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %26) #8
  br label %220

206:                                              ; preds = %202
  %207 = load i64, ptr %10, align 8, !tbaa !8
  %208 = shl i64 %207, 1
  %209 = load i64, ptr %26, align 8, !tbaa !8
  %210 = getelementptr inbounds [64 x double], ptr %14, i64 0, i64 %209
  %211 = load double, ptr %210, align 8, !tbaa !41
  %212 = load double, ptr %25, align 8, !tbaa !41
  %213 = fcmp ogt double %211, %212
  %214 = zext i1 %213 to i32
  %215 = sext i32 %214 to i64
  %216 = or i64 %208, %215
  store i64 %216, ptr %10, align 8, !tbaa !8
  br label %217

217:                                              ; preds = %206
  %218 = load i64, ptr %26, align 8, !tbaa !8
  %219 = add nsw i64 %218, 1
  store i64 %219, ptr %26, align 8, !tbaa !8
  br label %202, !llvm.loop !50

220:                                              ; preds = %205
  %221 = load i64, ptr %9, align 8, !tbaa !8
  %222 = load ptr, ptr %8, align 8, !tbaa !4
  %223 = getelementptr inbounds i64, ptr %222, i64 0
  store i64 %221, ptr %223, align 8, !tbaa !8
  %224 = load i64, ptr %10, align 8, !tbaa !8
  %225 = load ptr, ptr %8, align 8, !tbaa !4
  %226 = getelementptr inbounds i64, ptr %225, i64 1
  store i64 %224, ptr %226, align 8, !tbaa !8
  call void @llvm.lifetime.end.p0(i64 8, ptr %25) #8
  call void @llvm.lifetime.end.p0(i64 512, ptr %15) #8
  call void @llvm.lifetime.end.p0(i64 512, ptr %14) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %10) #8
  call void @llvm.lifetime.end.p0(i64 8, ptr %9) #8
  ret void
}

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: write)
declare void @llvm.memset.p0.i64(ptr nocapture writeonly, i8, i64, i1 immarg) #5

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.rint.f64(double) #4

; Function Attrs: nounwind
define dso_local void @spectrum(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, i64 noundef %4, ptr noundef %5, ptr noundef %6) #6 {
  %8 = alloca ptr, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca i64, align 8
  %12 = alloca i64, align 8
  %13 = alloca ptr, align 8
  %14 = alloca ptr, align 8
  %15 = alloca [4 x <16 x double>], align 128
  %16 = alloca i64, align 8
  %17 = alloca i32, align 4
  %18 = alloca i64, align 8
  %19 = alloca [8 x <8 x i16>], align 16
  %20 = alloca i64, align 8
  %21 = alloca <8 x i8>, align 8
  %22 = alloca [4 x [16 x float]], align 16
  %23 = alloca i64, align 8
  %24 = alloca <8 x i16>, align 16
  %25 = alloca <8 x i16>, align 16
  %26 = alloca <8 x i16>, align 16
  %27 = alloca <8 x i16>, align 16
  %28 = alloca [4 x <16 x float>], align 64
  %29 = alloca i64, align 8
  %30 = alloca i64, align 8
  %31 = alloca <16 x float>, align 64
  %32 = alloca i64, align 8
  %33 = alloca <16 x float>, align 64
  %34 = alloca <16 x double>, align 128
  store ptr %0, ptr %8, align 8, !tbaa !4
  store i64 %1, ptr %9, align 8, !tbaa !8
  store i64 %2, ptr %10, align 8, !tbaa !8
  store i64 %3, ptr %11, align 8, !tbaa !8
  store i64 %4, ptr %12, align 8, !tbaa !8
  store ptr %5, ptr %13, align 8, !tbaa !4
  store ptr %6, ptr %14, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 512, ptr %15) #8
  call void @llvm.memset.p0.i64(ptr align 128 %15, i8 0, i64 512, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %16) #8
  store i64 0, ptr %16, align 8, !tbaa !8
  br label %35

35:                                               ; preds = %199, %7
  %36 = load i64, ptr %16, align 8, !tbaa !8
  %37 = load i64, ptr %10, align 8, !tbaa !8
  %38 = icmp slt i64 %36, %37
  br i1 %38, label %40, label %39

39:                                               ; preds = %35
  store i32 2, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %16) #8
  br label %203

40:                                               ; preds = %35
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #8
  store i64 0, ptr %18, align 8, !tbaa !8
  br label %41

41:                                               ; preds = %194, %40
  %42 = load i64, ptr %18, align 8, !tbaa !8
  %43 = load i64, ptr %11, align 8, !tbaa !8
  %44 = icmp slt i64 %42, %43
  br i1 %44, label %46, label %45

45:                                               ; preds = %41
  store i32 5, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #8
  br label %198

46:                                               ; preds = %41
  call void @llvm.lifetime.start.p0(i64 128, ptr %19) #8
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #8
  store i64 0, ptr %20, align 8, !tbaa !8
  br label %47

47:                                               ; preds = %68, %46
  %48 = load i64, ptr %20, align 8, !tbaa !8
  %49 = icmp slt i64 %48, 8
  br i1 %49, label %51, label %50

50:                                               ; preds = %47
  store i32 8, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #8
  br label %71

51:                                               ; preds = %47
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #8
  %52 = load ptr, ptr %8, align 8, !tbaa !4
  %53 = load i64, ptr %16, align 8, !tbaa !8
  %54 = mul nsw i64 8, %53
  %55 = load i64, ptr %20, align 8, !tbaa !8
  %56 = add nsw i64 %54, %55
  %57 = load i64, ptr %9, align 8, !tbaa !8
  %58 = mul nsw i64 %56, %57
  %59 = getelementptr inbounds i8, ptr %52, i64 %58
  %60 = load i64, ptr %18, align 8, !tbaa !8
  %61 = mul nsw i64 8, %60
  %62 = getelementptr inbounds i8, ptr %59, i64 %61
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %21, ptr align 1 %62, i64 8, i1 false)
  %63 = load <8 x i8>, ptr %21, align 8, !tbaa !12
  %64 = zext <8 x i8> %63 to <8 x i16>
  %65 = sub <8 x i16> %64, <i16 128, i16 128, i16 128, i16 128, i16 128, i16 128, i16 128, i16 128>
  %66 = load i64, ptr %20, align 8, !tbaa !8
  %67 = getelementptr inbounds [8 x <8 x i16>], ptr %19, i64 0, i64 %66
  store <8 x i16> %65, ptr %67, align 16, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #8
  br label %68

68:                                               ; preds = %51
  %69 = load i64, ptr %20, align 8, !tbaa !8
  %70 = add nsw i64 %69, 1
  store i64 %70, ptr %20, align 8, !tbaa !8
  br label %47, !llvm.loop !51

71:                                               ; preds = %50
  call void @llvm.lifetime.start.p0(i64 256, ptr %22) #8
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #8
  store i64 0, ptr %23, align 8, !tbaa !8
  br label %72

72:                                               ; preds = %131, %71
  %73 = load i64, ptr %23, align 8, !tbaa !8
  %74 = icmp slt i64 %73, 4
  br i1 %74, label %76, label %75

75:                                               ; preds = %72
  store i32 11, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #8
  br label %134

76:                                               ; preds = %72
  call void @llvm.lifetime.start.p0(i64 16, ptr %24) #8
  %77 = load i64, ptr %23, align 8, !tbaa !8
  %78 = getelementptr inbounds [8 x <8 x i16>], ptr %19, i64 0, i64 %77
  %79 = load <8 x i16>, ptr %78, align 16, !tbaa !12
  %80 = load i64, ptr %23, align 8, !tbaa !8
  %81 = sub nsw i64 7, %80
  %82 = getelementptr inbounds [8 x <8 x i16>], ptr %19, i64 0, i64 %81
  %83 = load <8 x i16>, ptr %82, align 16, !tbaa !12
  %84 = add <8 x i16> %79, %83
  store <8 x i16> %84, ptr %24, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %25) #8
  %85 = load i64, ptr %23, align 8, !tbaa !8
  %86 = getelementptr inbounds [8 x <8 x i16>], ptr %19, i64 0, i64 %85
  %87 = load <8 x i16>, ptr %86, align 16, !tbaa !12
  %88 = load i64, ptr %23, align 8, !tbaa !8
  %89 = sub nsw i64 7, %88
  %90 = getelementptr inbounds [8 x <8 x i16>], ptr %19, i64 0, i64 %89
  %91 = load <8 x i16>, ptr %90, align 16, !tbaa !12
  %92 = sub <8 x i16> %87, %91
  store <8 x i16> %92, ptr %25, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %26) #8
  %93 = load <8 x i16>, ptr %24, align 16, !tbaa !12
  %94 = load <8 x i16>, ptr %24, align 16, !tbaa !12
  %95 = shufflevector <8 x i16> %93, <8 x i16> %94, <8 x i32> <i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>
  store <8 x i16> %95, ptr %26, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %27) #8
  %96 = load <8 x i16>, ptr %25, align 16, !tbaa !12
  %97 = load <8 x i16>, ptr %25, align 16, !tbaa !12
  %98 = shufflevector <8 x i16> %96, <8 x i16> %97, <8 x i32> <i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>
  store <8 x i16> %98, ptr %27, align 16, !tbaa !12
  %99 = getelementptr inbounds [4 x [16 x float]], ptr %22, i64 0, i64 0
  %100 = getelementptr inbounds [16 x float], ptr %99, i64 0, i64 0
  %101 = load i64, ptr %23, align 8, !tbaa !8
  %102 = mul nsw i64 4, %101
  %103 = getelementptr inbounds float, ptr %100, i64 %102
  %104 = load <8 x i16>, ptr %24, align 16, !tbaa !12
  %105 = load <8 x i16>, ptr %26, align 16, !tbaa !12
  %106 = add <8 x i16> %104, %105
  call void @put(ptr noundef %103, <8 x i16> noundef %106) #9
  %107 = getelementptr inbounds [4 x [16 x float]], ptr %22, i64 0, i64 1
  %108 = getelementptr inbounds [16 x float], ptr %107, i64 0, i64 0
  %109 = load i64, ptr %23, align 8, !tbaa !8
  %110 = mul nsw i64 4, %109
  %111 = getelementptr inbounds float, ptr %108, i64 %110
  %112 = load <8 x i16>, ptr %24, align 16, !tbaa !12
  %113 = load <8 x i16>, ptr %26, align 16, !tbaa !12
  %114 = sub <8 x i16> %112, %113
  call void @put(ptr noundef %111, <8 x i16> noundef %114) #9
  %115 = getelementptr inbounds [4 x [16 x float]], ptr %22, i64 0, i64 2
  %116 = getelementptr inbounds [16 x float], ptr %115, i64 0, i64 0
  %117 = load i64, ptr %23, align 8, !tbaa !8
  %118 = mul nsw i64 4, %117
  %119 = getelementptr inbounds float, ptr %116, i64 %118
  %120 = load <8 x i16>, ptr %25, align 16, !tbaa !12
  %121 = load <8 x i16>, ptr %27, align 16, !tbaa !12
  %122 = add <8 x i16> %120, %121
  call void @put(ptr noundef %119, <8 x i16> noundef %122) #9
  %123 = getelementptr inbounds [4 x [16 x float]], ptr %22, i64 0, i64 3
  %124 = getelementptr inbounds [16 x float], ptr %123, i64 0, i64 0
  %125 = load i64, ptr %23, align 8, !tbaa !8
  %126 = mul nsw i64 4, %125
  %127 = getelementptr inbounds float, ptr %124, i64 %126
  %128 = load <8 x i16>, ptr %25, align 16, !tbaa !12
  %129 = load <8 x i16>, ptr %27, align 16, !tbaa !12
  %130 = sub <8 x i16> %128, %129
  call void @put(ptr noundef %127, <8 x i16> noundef %130) #9
  call void @llvm.lifetime.end.p0(i64 16, ptr %27) #8
  call void @llvm.lifetime.end.p0(i64 16, ptr %26) #8
  call void @llvm.lifetime.end.p0(i64 16, ptr %25) #8
  call void @llvm.lifetime.end.p0(i64 16, ptr %24) #8
  br label %131

131:                                              ; preds = %76
  %132 = load i64, ptr %23, align 8, !tbaa !8
  %133 = add nsw i64 %132, 1
  store i64 %133, ptr %23, align 8, !tbaa !8
  br label %72, !llvm.loop !52

134:                                              ; preds = %75
  call void @llvm.lifetime.start.p0(i64 256, ptr %28) #8
  call void @llvm.memset.p0.i64(ptr align 64 %28, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %29) #8
  store i64 0, ptr %29, align 8, !tbaa !8
  br label %135

135:                                              ; preds = %168, %134
  %136 = load i64, ptr %29, align 8, !tbaa !8
  %137 = icmp slt i64 %136, 16
  br i1 %137, label %139, label %138

138:                                              ; preds = %135
  store i32 14, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %29) #8
  br label %171

139:                                              ; preds = %135
  call void @llvm.lifetime.start.p0(i64 8, ptr %30) #8
  store i64 0, ptr %30, align 8, !tbaa !8
  br label %140

140:                                              ; preds = %164, %139
  %141 = load i64, ptr %30, align 8, !tbaa !8
  %142 = icmp slt i64 %141, 4
  br i1 %142, label %144, label %143

143:                                              ; preds = %140
  store i32 17, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %30) #8
  br label %167

144:                                              ; preds = %140
  call void @llvm.lifetime.start.p0(i64 64, ptr %31) #8
  %145 = load ptr, ptr %13, align 8, !tbaa !4
  %146 = load i64, ptr %30, align 8, !tbaa !8
  %147 = mul nsw i64 256, %146
  %148 = getelementptr inbounds float, ptr %145, i64 %147
  %149 = load i64, ptr %29, align 8, !tbaa !8
  %150 = mul nsw i64 16, %149
  %151 = getelementptr inbounds float, ptr %148, i64 %150
  call void @llvm.memcpy.p0.p0.i64(ptr align 64 %31, ptr align 4 %151, i64 64, i1 false)
  %152 = load <16 x float>, ptr %31, align 64, !tbaa !12
  %153 = load i64, ptr %30, align 8, !tbaa !8
  %154 = getelementptr inbounds [4 x [16 x float]], ptr %22, i64 0, i64 %153
  %155 = load i64, ptr %29, align 8, !tbaa !8
  %156 = getelementptr inbounds [16 x float], ptr %154, i64 0, i64 %155
  %157 = load float, ptr %156, align 4, !tbaa !53
  %158 = insertelement <16 x float> poison, float %157, i64 0
  %159 = shufflevector <16 x float> %158, <16 x float> poison, <16 x i32> zeroinitializer
  %160 = load i64, ptr %30, align 8, !tbaa !8
  %161 = getelementptr inbounds [4 x <16 x float>], ptr %28, i64 0, i64 %160
  %162 = load <16 x float>, ptr %161, align 64, !tbaa !12
  %163 = call <16 x float> @llvm.fmuladd.v16f32(<16 x float> %152, <16 x float> %159, <16 x float> %162)
  store <16 x float> %163, ptr %161, align 64, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 64, ptr %31) #8
  br label %164

164:                                              ; preds = %144
  %165 = load i64, ptr %30, align 8, !tbaa !8
  %166 = add nsw i64 %165, 1
  store i64 %166, ptr %30, align 8, !tbaa !8
  br label %140, !llvm.loop !55

167:                                              ; preds = %143
  br label %168

168:                                              ; preds = %167
  %169 = load i64, ptr %29, align 8, !tbaa !8
  %170 = add nsw i64 %169, 1
  store i64 %170, ptr %29, align 8, !tbaa !8
  br label %135, !llvm.loop !56

171:                                              ; preds = %138
  call void @llvm.lifetime.start.p0(i64 8, ptr %32) #8
  store i64 0, ptr %32, align 8, !tbaa !8
  br label %172

172:                                              ; preds = %190, %171
  %173 = load i64, ptr %32, align 8, !tbaa !8
  %174 = icmp slt i64 %173, 4
  br i1 %174, label %176, label %175

175:                                              ; preds = %172
  store i32 20, ptr %17, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %32) #8
  br label %193

176:                                              ; preds = %172
  call void @llvm.lifetime.start.p0(i64 64, ptr %33) #8
  %177 = load i64, ptr %32, align 8, !tbaa !8
  %178 = getelementptr inbounds [4 x <16 x float>], ptr %28, i64 0, i64 %177
  %179 = load <16 x float>, ptr %178, align 64, !tbaa !12
  %180 = call <16 x float> @llvm.fmuladd.v16f32(<16 x float> %179, <16 x float> <float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02, float 1.562500e-02>, <16 x float> <float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01, float 5.000000e-01>)
  %181 = call <16 x float> @llvm.floor.v16f32(<16 x float> %180)
  store <16 x float> %181, ptr %33, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 128, ptr %34) #8
  %182 = load <16 x float>, ptr %33, align 64, !tbaa !12
  %183 = fpext <16 x float> %182 to <16 x double>
  store <16 x double> %183, ptr %34, align 128, !tbaa !12
  %184 = load <16 x double>, ptr %34, align 128, !tbaa !12
  %185 = load <16 x double>, ptr %34, align 128, !tbaa !12
  %186 = load i64, ptr %32, align 8, !tbaa !8
  %187 = getelementptr inbounds [4 x <16 x double>], ptr %15, i64 0, i64 %186
  %188 = load <16 x double>, ptr %187, align 128, !tbaa !12
  %189 = call <16 x double> @llvm.fmuladd.v16f64(<16 x double> %184, <16 x double> %185, <16 x double> %188)
  store <16 x double> %189, ptr %187, align 128, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 128, ptr %34) #8
  call void @llvm.lifetime.end.p0(i64 64, ptr %33) #8
  br label %190

190:                                              ; preds = %176
  %191 = load i64, ptr %32, align 8, !tbaa !8
  %192 = add nsw i64 %191, 1
  store i64 %192, ptr %32, align 8, !tbaa !8
  br label %172, !llvm.loop !57

193:                                              ; preds = %175
  call void @llvm.lifetime.end.p0(i64 256, ptr %28) #8
  call void @llvm.lifetime.end.p0(i64 256, ptr %22) #8
  call void @llvm.lifetime.end.p0(i64 128, ptr %19) #8
  br label %194

194:                                              ; preds = %193
  %195 = load i64, ptr %12, align 8, !tbaa !8
  %196 = load i64, ptr %18, align 8, !tbaa !8
  %197 = add nsw i64 %196, %195
  store i64 %197, ptr %18, align 8, !tbaa !8
  br label %41, !llvm.loop !58

198:                                              ; preds = %45
  br label %199

199:                                              ; preds = %198
  %200 = load i64, ptr %12, align 8, !tbaa !8
  %201 = load i64, ptr %16, align 8, !tbaa !8
  %202 = add nsw i64 %201, %200
  store i64 %202, ptr %16, align 8, !tbaa !8
  br label %35, !llvm.loop !59

203:                                              ; preds = %39
  %204 = load ptr, ptr %14, align 8, !tbaa !4
  %205 = getelementptr inbounds [4 x <16 x double>], ptr %15, i64 0, i64 0
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %204, ptr align 128 %205, i64 512, i1 false)
  call void @llvm.lifetime.end.p0(i64 512, ptr %15) #8
  ret void
}

; Function Attrs: inlinehint nounwind
define internal void @put(ptr noundef %0, <8 x i16> noundef %1) #7 {
  %3 = alloca ptr, align 8
  %4 = alloca <8 x i16>, align 16
  %5 = alloca <4 x float>, align 16
  store ptr %0, ptr %3, align 8, !tbaa !4
  store <8 x i16> %1, ptr %4, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %5) #8
  %6 = load <8 x i16>, ptr %4, align 16, !tbaa !12
  %7 = load <8 x i16>, ptr %4, align 16, !tbaa !12
  %8 = shufflevector <8 x i16> %6, <8 x i16> %7, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %9 = sitofp <4 x i16> %8 to <4 x float>
  store <4 x float> %9, ptr %5, align 16, !tbaa !12
  %10 = load ptr, ptr %3, align 8, !tbaa !4
  call void @llvm.memcpy.p0.p0.i64(ptr align 4 %10, ptr align 16 %5, i64 16, i1 false)
  call void @llvm.lifetime.end.p0(i64 16, ptr %5) #8
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.fmuladd.v16f32(<16 x float>, <16 x float>, <16 x float>) #4

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.floor.v16f32(<16 x float>) #4

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x double> @llvm.fmuladd.v16f64(<16 x double>, <16 x double>, <16 x double>) #4

; Function Attrs: nounwind
define dso_local void @counts(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4) #0 {
  %6 = alloca ptr, align 8
  %7 = alloca i64, align 8
  %8 = alloca i64, align 8
  %9 = alloca i64, align 8
  %10 = alloca ptr, align 8
  %11 = alloca [3 x [256 x i32]], align 16
  %12 = alloca i64, align 8
  %13 = alloca i64, align 8
  %14 = alloca i64, align 8
  store ptr %0, ptr %6, align 8, !tbaa !4
  store i64 %1, ptr %7, align 8, !tbaa !8
  store i64 %2, ptr %8, align 8, !tbaa !8
  store i64 %3, ptr %9, align 8, !tbaa !8
  store ptr %4, ptr %10, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 3072, ptr %11) #8
  call void @llvm.memset.p0.i64(ptr align 16 %11, i8 0, i64 3072, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %12) #8
  store i64 0, ptr %12, align 8, !tbaa !8
  br label %15

15:                                               ; preds = %88, %5
  %16 = load i64, ptr %12, align 8, !tbaa !8
  %17 = load i64, ptr %8, align 8, !tbaa !8
  %18 = icmp slt i64 %16, %17
  br i1 %18, label %20, label %19

19:                                               ; preds = %15
  call void @llvm.lifetime.end.p0(i64 8, ptr %12) #8
  br label %94

20:                                               ; preds = %15
  call void @llvm.lifetime.start.p0(i64 8, ptr %13) #8
  store i64 0, ptr %13, align 8, !tbaa !8
  br label %21

21:                                               ; preds = %66, %20
  %22 = load i64, ptr %13, align 8, !tbaa !8
  %23 = add nsw i64 %22, 4
  %24 = load i64, ptr %9, align 8, !tbaa !8
  %25 = icmp sle i64 %23, %24
  br i1 %25, label %26, label %69

26:                                               ; preds = %21
  %27 = load ptr, ptr %10, align 8, !tbaa !4
  %28 = load ptr, ptr %6, align 8, !tbaa !4
  %29 = load i64, ptr %13, align 8, !tbaa !8
  %30 = getelementptr inbounds i8, ptr %28, i64 %29
  %31 = load i8, ptr %30, align 1, !tbaa !12
  %32 = zext i8 %31 to i64
  %33 = getelementptr inbounds i32, ptr %27, i64 %32
  %34 = load i32, ptr %33, align 4, !tbaa !10
  %35 = add nsw i32 %34, 1
  store i32 %35, ptr %33, align 4, !tbaa !10
  %36 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 0
  %37 = load ptr, ptr %6, align 8, !tbaa !4
  %38 = load i64, ptr %13, align 8, !tbaa !8
  %39 = add nsw i64 %38, 1
  %40 = getelementptr inbounds i8, ptr %37, i64 %39
  %41 = load i8, ptr %40, align 1, !tbaa !12
  %42 = zext i8 %41 to i64
  %43 = getelementptr inbounds [256 x i32], ptr %36, i64 0, i64 %42
  %44 = load i32, ptr %43, align 4, !tbaa !10
  %45 = add nsw i32 %44, 1
  store i32 %45, ptr %43, align 4, !tbaa !10
  %46 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 1
  %47 = load ptr, ptr %6, align 8, !tbaa !4
  %48 = load i64, ptr %13, align 8, !tbaa !8
  %49 = add nsw i64 %48, 2
  %50 = getelementptr inbounds i8, ptr %47, i64 %49
  %51 = load i8, ptr %50, align 1, !tbaa !12
  %52 = zext i8 %51 to i64
  %53 = getelementptr inbounds [256 x i32], ptr %46, i64 0, i64 %52
  %54 = load i32, ptr %53, align 4, !tbaa !10
  %55 = add nsw i32 %54, 1
  store i32 %55, ptr %53, align 4, !tbaa !10
  %56 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 2
  %57 = load ptr, ptr %6, align 8, !tbaa !4
  %58 = load i64, ptr %13, align 8, !tbaa !8
  %59 = add nsw i64 %58, 3
  %60 = getelementptr inbounds i8, ptr %57, i64 %59
  %61 = load i8, ptr %60, align 1, !tbaa !12
  %62 = zext i8 %61 to i64
  %63 = getelementptr inbounds [256 x i32], ptr %56, i64 0, i64 %62
  %64 = load i32, ptr %63, align 4, !tbaa !10
  %65 = add nsw i32 %64, 1
  store i32 %65, ptr %63, align 4, !tbaa !10
  br label %66

66:                                               ; preds = %26
  %67 = load i64, ptr %13, align 8, !tbaa !8
  %68 = add nsw i64 %67, 4
  store i64 %68, ptr %13, align 8, !tbaa !8
  br label %21, !llvm.loop !60

69:                                               ; preds = %21
  br label %70

70:                                               ; preds = %84, %69
  %71 = load i64, ptr %13, align 8, !tbaa !8
  %72 = load i64, ptr %9, align 8, !tbaa !8
  %73 = icmp slt i64 %71, %72
  br i1 %73, label %74, label %87

74:                                               ; preds = %70
  %75 = load ptr, ptr %10, align 8, !tbaa !4
  %76 = load ptr, ptr %6, align 8, !tbaa !4
  %77 = load i64, ptr %13, align 8, !tbaa !8
  %78 = getelementptr inbounds i8, ptr %76, i64 %77
  %79 = load i8, ptr %78, align 1, !tbaa !12
  %80 = zext i8 %79 to i64
  %81 = getelementptr inbounds i32, ptr %75, i64 %80
  %82 = load i32, ptr %81, align 4, !tbaa !10
  %83 = add nsw i32 %82, 1
  store i32 %83, ptr %81, align 4, !tbaa !10
  br label %84

84:                                               ; preds = %74
  %85 = load i64, ptr %13, align 8, !tbaa !8
  %86 = add nsw i64 %85, 1
  store i64 %86, ptr %13, align 8, !tbaa !8
  br label %70, !llvm.loop !61

87:                                               ; preds = %70
  call void @llvm.lifetime.end.p0(i64 8, ptr %13) #8
  br label %88

88:                                               ; preds = %87
  %89 = load i64, ptr %12, align 8, !tbaa !8
  %90 = add nsw i64 %89, 1
  store i64 %90, ptr %12, align 8, !tbaa !8
  %91 = load i64, ptr %7, align 8, !tbaa !8
  %92 = load ptr, ptr %6, align 8, !tbaa !4
  %93 = getelementptr inbounds i8, ptr %92, i64 %91
  store ptr %93, ptr %6, align 8, !tbaa !4
  br label %15, !llvm.loop !62

94:                                               ; preds = %19
  call void @llvm.lifetime.start.p0(i64 8, ptr %14) #8
  store i64 0, ptr %14, align 8, !tbaa !8
  br label %95

95:                                               ; preds = %119, %94
  %96 = load i64, ptr %14, align 8, !tbaa !8
  %97 = icmp slt i64 %96, 256
  br i1 %97, label %99, label %98

98:                                               ; preds = %95
  call void @llvm.lifetime.end.p0(i64 8, ptr %14) #8
  br label %122

99:                                               ; preds = %95
  %100 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 0
  %101 = load i64, ptr %14, align 8, !tbaa !8
  %102 = getelementptr inbounds [256 x i32], ptr %100, i64 0, i64 %101
  %103 = load i32, ptr %102, align 4, !tbaa !10
  %104 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 1
  %105 = load i64, ptr %14, align 8, !tbaa !8
  %106 = getelementptr inbounds [256 x i32], ptr %104, i64 0, i64 %105
  %107 = load i32, ptr %106, align 4, !tbaa !10
  %108 = add nsw i32 %103, %107
  %109 = getelementptr inbounds [3 x [256 x i32]], ptr %11, i64 0, i64 2
  %110 = load i64, ptr %14, align 8, !tbaa !8
  %111 = getelementptr inbounds [256 x i32], ptr %109, i64 0, i64 %110
  %112 = load i32, ptr %111, align 4, !tbaa !10
  %113 = add nsw i32 %108, %112
  %114 = load ptr, ptr %10, align 8, !tbaa !4
  %115 = load i64, ptr %14, align 8, !tbaa !8
  %116 = getelementptr inbounds i32, ptr %114, i64 %115
  %117 = load i32, ptr %116, align 4, !tbaa !10
  %118 = add nsw i32 %117, %113
  store i32 %118, ptr %116, align 4, !tbaa !10
  br label %119

119:                                              ; preds = %99
  %120 = load i64, ptr %14, align 8, !tbaa !8
  %121 = add nsw i64 %120, 1
  store i64 %121, ptr %14, align 8, !tbaa !8
  br label %95, !llvm.loop !63

122:                                              ; preds = %98
  call void @llvm.lifetime.end.p0(i64 3072, ptr %11) #8
  ret void
}

attributes #0 = { nounwind        }
attributes #1 = { nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nocallback nofree nounwind willreturn memory(argmem: readwrite) }
attributes #3 = { inlinehint nounwind        }
attributes #4 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #5 = { nocallback nofree nounwind willreturn memory(argmem: write) }
attributes #6 = { nounwind        }
attributes #7 = { inlinehint nounwind        }
attributes #8 = { nounwind }
attributes #9 = { nobuiltin  }

!llvm.module.flags = !{!0, !1, !2}
!llvm.ident = !{!3}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 8, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{!"Debian clang version 19.1.7 (3~deb12u1)"}
!4 = !{!5, !5, i64 0}
!5 = !{!"any pointer", !6, i64 0}
!6 = !{!"omnipotent char", !7, i64 0}
!7 = !{!"Simple C/C++ TBAA"}
!8 = !{!9, !9, i64 0}
!9 = !{!"long long", !6, i64 0}
!10 = !{!11, !11, i64 0}
!11 = !{!"int", !6, i64 0}
!12 = !{!6, !6, i64 0}
!13 = distinct !{!13, !14}
!14 = !{!"llvm.loop.mustprogress"}
!15 = distinct !{!15, !14}
!16 = distinct !{!16, !14}
!17 = distinct !{!17, !14}
!18 = distinct !{!18, !14}
!19 = distinct !{!19, !14}
!20 = distinct !{!20, !14}
!21 = distinct !{!21, !14}
!22 = distinct !{!22, !14}
!23 = distinct !{!23, !14}
!24 = distinct !{!24, !14}
!25 = distinct !{!25, !14}
!26 = distinct !{!26, !14}
!27 = distinct !{!27, !14}
!28 = distinct !{!28, !14}
!29 = !{!30, !30, i64 0}
!30 = !{!"short", !6, i64 0}
!31 = distinct !{!31, !14}
!32 = distinct !{!32, !14}
!33 = distinct !{!33, !14}
!34 = distinct !{!34, !14}
!35 = distinct !{!35, !14}
!36 = distinct !{!36, !14}
!37 = distinct !{!37, !14}
!38 = distinct !{!38, !14}
!39 = distinct !{!39, !14}
!40 = distinct !{!40, !14}
!41 = !{!42, !42, i64 0}
!42 = !{!"double", !6, i64 0}
!43 = distinct !{!43, !14}
!44 = distinct !{!44, !14}
!45 = distinct !{!45, !14}
!46 = distinct !{!46, !14}
!47 = distinct !{!47, !14}
!48 = distinct !{!48, !14}
!49 = distinct !{!49, !14}
!50 = distinct !{!50, !14}
!51 = distinct !{!51, !14}
!52 = distinct !{!52, !14}
!53 = !{!54, !54, i64 0}
!54 = !{!"float", !6, i64 0}
!55 = distinct !{!55, !14}
!56 = distinct !{!56, !14}
!57 = distinct !{!57, !14}
!58 = distinct !{!58, !14}
!59 = distinct !{!59, !14}
!60 = distinct !{!60, !14}
!61 = distinct !{!61, !14}
!62 = distinct !{!62, !14}
!63 = distinct !{!63, !14}
